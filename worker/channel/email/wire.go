package email

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// oneShot is the size up to which a whole message is sent before any reply is read. A larger one waits until MAIL and
// RCPT are accepted, so that a refusal costs no upload.
const oneShot = 64 << 10

// block is how many bytes of content are written under one deadline.
const block = 1 << 20

// lastWords is how long a server that closed the connection may still be read.
const lastWords = time.Second

// transaction sends one message over one connection.
//
// Recipients succeed or fail together: where one is refused, nobody gets the message, so that a retry repeats nothing.
// The message is complete at the server once its last byte is written; an answer that is missing after that is
// ambiguous, one that is missing before is temporary. A connection that failed is closed without a word: any command
// could complete a message that was cut short.
type transaction struct {
	conn    *conn
	mail    *mail
	end     time.Time // the message's deadline
	waiting []string  // steps whose replies are still to be read
	sent    bool      // the last byte was written
	answer  reply     // the last good reply
	failed  *send.Error
}

// deliver sends one message. Afterwards c.dead says whether the connection can't be used any more.
func (c *conn) deliver(ctx context.Context, m *mail) (send.Receipt, *send.Error) {
	switch {
	case m.utf8 && !c.utf8:
		return send.Receipt{}, &send.Error{Permanent: true, Code: "smtp_utf8_address",
			Err: errors.New("an address has letters beyond ASCII, which this server doesn't take")}
	case c.maxSize > 0 && m.size > c.maxSize:
		return send.Receipt{}, &send.Error{Permanent: true, Code: "smtp_too_large",
			Err: fmt.Errorf("the encoded message has %d bytes, the server takes %d", m.size, c.maxSize)}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.net.Close() })
	t := transaction{conn: c, mail: m, end: time.Now().Add(c.timeouts.Message), waiting: c.steps[:0]}
	t.run()
	c.steps = t.waiting
	c.sent++
	c.dead = c.dead || c.r.Buffered() > 0 // more replies than commands: none of them could be trusted from here on
	if !stop() {
		c.dead = true
		if t.failed != nil && t.failed.Status == 0 && !t.failed.Ambiguous {
			t.failed = &send.Error{Code: "canceled", Step: t.failed.Step, Err: ctx.Err()}
		}
	}
	if t.failed != nil {
		return send.Receipt{}, t.failed
	}
	return send.Receipt{ID: m.id, Detail: send.Words(t.answer.text)}, nil
}

// run needs the fewest round trips: one with BDAT, two with PIPELINING, else one for each command.
func (t *transaction) run() {
	c := t.conn
	early := len(t.mail.to) == 1 && c.pipelining // with several recipients, content waits for all answers
	if c.open {
		t.command("RSET", "RSET")
		t.settle() // by itself, so that its failure leaves no doubt
	}
	t.command("MAIL", t.mailFrom()...)
	for i := range t.mail.to {
		t.command("RCPT", "RCPT TO:<", t.mail.to[i].Addr, ">")
	}
	if c.chunking {
		if !early || t.mail.size > oneShot {
			t.settle()
		}
		t.chunk()
		return
	}
	if !early {
		t.settle()
	}
	t.command("DATA", "DATA")
	t.settle()
	t.data()
}

func (t *transaction) mailFrom() []string {
	parts := append(make([]string, 0, 6), "MAIL FROM:<", t.mail.from, ">")
	if t.conn.sizes {
		parts = append(parts, " SIZE=", strconv.FormatInt(t.mail.size, 10))
	}
	if t.mail.utf8 {
		parts = append(parts, " BODY=8BITMIME SMTPUTF8")
	}
	return parts
}

// command queues one line, and waits for its reply unless the server takes several at once.
func (t *transaction) command(step string, parts ...string) {
	if t.failed != nil {
		return
	}
	for _, p := range parts {
		_, _ = t.conn.w.WriteString(p) // an error stays in the writer until Flush
	}
	_, _ = t.conn.w.WriteString("\r\n")
	t.waiting = append(t.waiting, step)
	if !t.conn.pipelining {
		t.settle()
	}
}

// deadline bounds the next reads and writes, and never passes the message's own.
func (t *transaction) deadline(span time.Duration) {
	t.conn.deadline(min(span, time.Until(t.end)))
}

// settle sends what is queued and reads all replies that are due.
func (t *transaction) settle() {
	if t.failed == nil {
		t.deadline(t.conn.timeouts.Command)
		t.replies(t.conn.w.Flush())
	}
}

// chunk sends the content by BDAT (RFC 3030).
func (t *transaction) chunk() {
	if t.failed != nil {
		return
	}
	w := t.conn.w
	_, _ = w.WriteString("BDAT ")
	_, _ = w.WriteString(strconv.FormatInt(t.mail.size, 10))
	_, _ = w.WriteString(" LAST\r\n")
	t.waiting = append(t.waiting, "BDAT")
	for _, s := range t.mail.segments {
		t.write(s.data)
	}
	t.complete()
}

// data sends the content after DATA's 354, dots doubled at the start of lines.
func (t *transaction) data() {
	if t.failed != nil {
		return
	}
	t.waiting = append(t.waiting, "DOT")
	for _, s := range t.mail.segments {
		if s.file {
			t.write(s.data)
		} else {
			t.write(appendStuffed(nil, s.data))
		}
	}
	t.write([]byte(".\r\n"))
	t.complete()
}

// write sends content, each block under a deadline of its own.
func (t *transaction) write(data []byte) {
	for len(data) > 0 {
		n := min(len(data), block)
		if n > t.conn.w.Available() {
			t.deadline(t.conn.timeouts.Command)
		}
		if _, err := t.conn.w.Write(data[:n]); err != nil {
			return // complete meets it again
		}
		data = data[n:]
	}
}

// complete sends what is left of the content and reads the remaining replies.
func (t *transaction) complete() {
	t.deadline(t.conn.timeouts.Command)
	err := t.conn.w.Flush()
	t.sent = err == nil
	t.replies(err)
}

// replies reads the replies that are due. After a failed write the server may still have said why.
func (t *transaction) replies(writeErr error) {
	c := t.conn
	for i, step := range t.waiting {
		switch {
		case writeErr != nil:
			t.deadline(lastWords)
		case c.r.Buffered() > 0: // it is there
		case t.sent && i == len(t.waiting)-1:
			t.deadline(c.timeouts.Final)
		case i > 0:
			t.deadline(c.timeouts.Command)
		}
		r, err := readReply(c.r)
		switch {
		case err != nil && writeErr != nil:
			err = writeErr
		case err == nil && r.code/100 != 4 && r.code/100 != 5 && !expected(step, r.code):
			err = errGarbage
		}
		if err != nil {
			t.lost(step, err)
			return
		}
		t.take(step, r)
	}
	t.waiting = t.waiting[:0]
	if writeErr != nil {
		t.lost("BODY", writeErr)
	}
}

// expected reports a reply that lets the transaction go on.
func expected(step string, code int) bool {
	if step == "DATA" {
		return code == 354
	}
	return code/100 == 2
}

// take notes one reply. The first refusal decides, but a permanent one among recipients outweighs a temporary one.
func (t *transaction) take(step string, r reply) {
	c := t.conn
	if expected(step, r.code) {
		t.answer = r
		switch {
		case step == "DATA" && t.failed != nil:
			c.dead = true // it waits for content that won't come
		case step == "MAIL":
			c.open = true
		case step == "RSET" || step == "BDAT" || step == "DOT":
			c.open = false
		}
		return
	}
	if step == "RSET" {
		t.lost(step, errGarbage) // a server that can't reset is of no use
		return
	}
	e := refusal(step, r)
	c.dead = c.dead || r.code == 421
	if t.failed == nil || t.failed.Step == "RCPT" && step == "RCPT" && e.Permanent && !t.failed.Permanent {
		t.failed = e
	}
}

// lost notes that the connection failed. A refusal that was read before stands: the message was not taken.
func (t *transaction) lost(step string, err error) {
	t.conn.dead = true
	switch {
	case t.failed != nil:
	case t.sent:
		t.failed = unanswered(step, err)
	default:
		t.failed = broken(step, err)
	}
}
