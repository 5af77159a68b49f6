package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// taken counts the messages.
var taken atomic.Int64

// serve accepts mail and throws it away, as fast as it can: EHLO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, QUIT. It prints
// its address, then for each line of its standard input how many messages it has taken, and ends with that.
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
		go swallow(c, delay)
	}
}

// swallow serves one connection. Replies go out together once all commands that have arrived are read, and after the
// delay: as over a long line.
func swallow(c net.Conn, delay time.Duration) {
	defer func() { _ = c.Close() }()
	r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriter(c)
	reply := func(s string) {
		_, _ = w.WriteString(s)
		if r.Buffered() == 0 {
			time.Sleep(delay)
			_ = w.Flush()
		}
	}
	reply("220 sink ESMTP\r\n")
	for {
		line, err := r.ReadSlice('\n')
		if err != nil || len(line) < 4 {
			return
		}
		switch string(line[:4]) {
		case "EHLO":
			reply("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 50000000\r\n250 CHUNKING\r\n")
		case "DATA":
			reply("354 go\r\n")
			for {
				if line, err = r.ReadSlice('\n'); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
					return
				}
				if string(line) == ".\r\n" {
					break
				}
			}
			taken.Add(1)
			reply("250 2.0.0 taken\r\n")
		case "BDAT":
			size, err := strconv.Atoi(string(bytes.Fields(line)[1]))
			if err != nil {
				return
			}
			if _, err := r.Discard(size); err != nil {
				return
			}
			taken.Add(1)
			reply("250 2.0.0 taken\r\n")
		case "QUIT":
			reply("221 bye\r\n")
			return
		default:
			reply("250 ok\r\n")
		}
	}
}
