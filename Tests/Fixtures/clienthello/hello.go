// Says hello to the address of the first argument, in the form that the second one names, and does not mind the answer.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"os"
)

const peering = "server.dc1.peering.b21fce03-616f-3108-a433-c0aae66ec9ef.consul"

// A list of one ECH configuration (RFC 9849 section 4): X25519, HKDF-SHA256, AES-128-GCM.
func echConfigs(publicName string) []byte {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	public := key.PublicKey().Bytes()
	body := append([]byte{7, 0, 0x20, 0, byte(len(public))}, public...)
	body = append(body, 0, 4, 0, 1, 0, 1, 32, byte(len(publicName)))
	body = append(append(body, publicName...), 0, 0)
	config := append([]byte{0xfe, 0x0d, 0, byte(len(body))}, body...)
	return append([]byte{0, byte(len(config))}, config...)
}

func main() {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: peering, NextProtos: []string{"h2"}}
	switch os.Args[2] {
	case "grpc":
	case "grpc-classic": // as older releases send it, without post-quantum keys
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	case "address": // Go leaves an address out, and the dot at the end
		config.ServerName = "192.0.2.1"
	case "dot":
		config.ServerName = "Web.Example.com."
	case "ech":
		config.ServerName = "secret.example.com"
		config.MinVersion = tls.VersionTLS13
		config.EncryptedClientHelloConfigList = echConfigs("outer.example.com")
	}
	if conn, err := tls.Dial("tcp", os.Args[1], config); err == nil {
		conn.Close()
	}
}
