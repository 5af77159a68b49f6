// Package sink is a mail server for benchmarks: it takes everything and throws it away, as fast as it can.
package sink

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strconv"
	"time"
)

// Swallow serves one connection: EHLO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, QUIT. Replies go out together once all commands
// that have arrived are read, and after the delay: as over a long line. It calls taken for each message. It calls rcpt with
// each line of RCPT, which holds only until rcpt returns, and ends the connection where that reports false; nil takes all.
func Swallow(c net.Conn, delay time.Duration, rcpt func(line []byte) bool, taken func()) {
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
		case "RCPT":
			if rcpt != nil && !rcpt(line) {
				return
			}
			reply("250 ok\r\n")
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
			taken()
			reply("250 2.0.0 taken\r\n")
		case "BDAT":
			size, err := strconv.Atoi(string(bytes.Fields(line)[1]))
			if err != nil {
				return
			}
			if _, err := r.Discard(size); err != nil {
				return
			}
			taken()
			reply("250 2.0.0 taken\r\n")
		case "QUIT":
			reply("221 bye\r\n")
			return
		default:
			reply("250 ok\r\n")
		}
	}
}
