package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/heraldsend/herald/bench/sink"
)

// taken counts the messages.
var taken atomic.Int64

// serve accepts mail and throws it away: see sink.Swallow. It prints its address, then for each line of its standard input
// how many messages it has taken, and ends with that.
func serve(delay time.Duration) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
			fmt.Println(taken.Load())
		}
		_ = l.Close()
	}()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go sink.Swallow(c, delay, nil, func() { taken.Add(1) })
	}
}
