package email

import (
	"bufio"
	"net"
	"time"
)

// conn is one connection, greeted and logged in, used by one goroutine at a time.
type conn struct {
	net net.Conn // for deadlines and for closing; under TLS it is what lies below
	r   *bufio.Reader
	w   *bufio.Writer

	timeouts   Timeouts
	pipelining bool
	chunking   bool
	utf8       bool  // SMTPUTF8
	sizes      bool  // SIZE
	maxSize    int64 // what SIZE says, 0 for no limit

	until time.Time // the deadline that is set
	sent  int       // messages so far
	since time.Time // in the pool since
	open  bool      // a transaction was begun and not ended: RSET goes before the next
	dead  bool      // to be closed without QUIT
	steps []string  // scratch for transactions
}

// deadline sets the deadline of the next reads and writes, up to a sixteenth of span early. A deadline that is good
// enough stays, since setting one costs as much as reading a reply. An error shows at the next read or write.
func (c *conn) deadline(span time.Duration) {
	until := time.Now().Add(span)
	if late := until.Sub(c.until); late >= 0 && late <= span/16 {
		return
	}
	c.until = until
	_ = c.net.SetDeadline(until)
}

// alive asks the server whether it is still there.
func (c *conn) alive() bool {
	c.deadline(c.timeouts.Command)
	_, _ = c.w.WriteString("NOOP\r\n")
	if c.w.Flush() != nil {
		return false
	}
	r, err := readReply(c.r)
	return err == nil && r.ok()
}

// quit sends QUIT and closes. Its result changes nothing for any message.
func (c *conn) quit() {
	if !c.dead {
		c.deadline(lastWords)
		_, _ = c.w.WriteString("QUIT\r\n")
		if c.w.Flush() == nil {
			_, _ = readReply(c.r)
		}
	}
	_ = c.net.Close()
}
