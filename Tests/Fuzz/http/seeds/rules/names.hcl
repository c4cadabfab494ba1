operator = "write"
service "web" {
  policy = "write"
  intentions = "deny"
}
service_prefix "" { policy = "read" }
node_prefix "n" { policy = "deny" }
