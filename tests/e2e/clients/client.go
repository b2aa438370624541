// Connects to HOST:PORT: client HOST:PORT.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	if _, err := net.Dial("tcp", os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
