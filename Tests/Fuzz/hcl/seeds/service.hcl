# A service with all that services have.
service {
  name = "web"
  port = 8080
  tags = ["http", "v1",]
  meta { version = "1" }
  check {
    name     = "ready"
    http     = "http://127.0.0.1:8080/ready" // asked every ten seconds
    interval = "10s"
  }
  checks = [
    { tcp = "127.0.0.1:8080", interval = "5s" },
    {
      ttl = "30s"
    }
  ]
  connect {
    sidecar_service {
      proxy {
        upstreams = [{ destination_name = "api" local_bind_port = 0x2710 }]
        config { envoy_extra = <<-EOF
          {"a": "${b}"}
          EOF
        }
      }
    }
  }
}
service { name = "api" }
