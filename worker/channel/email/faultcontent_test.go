package email

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"time"
)

// content reads one message, with the faults that can befall it.
func (f *faultSession) content(r io.Reader) {
	switch {
	case f.server.verb == "BODY" && f.server.fault == "slow1Bps": // at the speed of a test
		for range 20 {
			time.Sleep(5 * time.Millisecond)
			_, _ = io.CopyN(io.Discard, r, 1)
		}
	case f.server.verb == "BODY":
		f.cut(r)
		return
	}
	data, err := io.ReadAll(r)
	if err == nil && !f.complete(r) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		f.server.mu.Lock()
		f.server.arrived++
		f.server.mu.Unlock()
	}
	switch {
	case err != nil:
		f.note(nil)
		f.gone = true
	case f.good == 0:
		f.say("503 no recipients\r\n")
	case f.server.verb == "DOT" && strings.HasPrefix(f.server.fault, "accept-then"):
		f.note(data)
		if f.server.fault == "accept-then-hang" {
			f.hang()
		}
		f.gone = true
	case f.server.verb == "DOT":
		if f.misbehave("250 2.0.0 taken\r\n") {
			f.note(data)
		}
	default:
		f.note(data)
		f.say("250 2.0.0 taken\r\n")
	}
	f.mailed, f.good = false, 0
}

// complete reports that a BDAT chunk was not cut short; a dotReader says so by its error.
func (f *faultSession) complete(r io.Reader) bool {
	limited, ok := r.(*io.LimitedReader)
	return !ok || limited.N == 0
}

func (f *faultSession) note(data []byte) {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	if data == nil {
		f.server.partial++
	} else {
		f.server.delivered = append(f.server.delivered, data)
	}
}

// cut misbehaves after some of the content was read.
func (f *faultSession) cut(r io.Reader) {
	half := make([]byte, 200)
	_, _ = io.ReadFull(r, half)
	switch f.server.fault {
	case "drop-at-50%":
		_, _ = io.CopyN(io.Discard, r, encodedFile/2)
		f.gone = true
	case "rst-at-99%":
		_, _ = io.CopyN(io.Discard, r, encodedFile*99/100)
		if tcp, ok := f.conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		f.gone = true
	case "hang":
		<-f.server.release // doesn't read: the client's buffers fill up
		f.hang()
	default:
		f.misbehave("250 early\r\n")
		if !f.gone {
			_, _ = io.Copy(io.Discard, r)
		}
	}
}

// dotReader reads the lines after DATA up to the lone dot.
type dotReader struct {
	r    *bufio.Reader
	rest []byte // of the line that was read
}

func (d *dotReader) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		line, err := d.r.ReadSlice('\n')
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		if string(line) == ".\r\n" {
			return 0, io.EOF
		}
		d.rest = bytes.TrimPrefix(line, []byte("."))
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}
