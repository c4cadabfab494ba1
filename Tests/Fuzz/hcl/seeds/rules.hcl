service "web" { policy = "write" }
service_prefix "" {
  policy     = "read"
  intentions = "deny"
}
key "a" "b" { policy = "list" } /* two labels */
mesh = "write", operator = "read"
