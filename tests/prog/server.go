// server ADDRESS TEXT: a web server as everybody writes it in Go.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Args[2])
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
