// Connects to HOST:PORT in one of the ways that Go has: client WAY HOST:PORT.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func connect(way, destination string) error {
	if way == "http" {
		response, err := http.Get("http://" + destination + "/")
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	connection, err := net.Dial(way, destination)
	if err == nil {
		_, err = connection.Write([]byte("x"))
	}
	return err
}

func main() {
	if err := connect(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
