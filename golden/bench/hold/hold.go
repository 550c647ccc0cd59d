// Command hold is all that the containers of the bench do: nothing, for ever.
package main

import "time"

func main() {
	for {
		time.Sleep(time.Hour)
	}
}
