package email

import (
	"crypto/sha256"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// mail is one composed message. Its content is the segments one after the other: ASCII (unless utf8), CRLF line ends,
// lines of at most 998 characters. Segments marked shared belong to the cache and many mails.
type mail struct {
	id       string // Message-ID with its angle brackets
	from     string // MAIL FROM
	to       []message.Address
	utf8     bool      // an address needs SMTPUTF8
	date     time.Time // of the Date field
	undated  int       // where the first segment goes on behind that field
	segments []segment
	size     int64
	buf      []byte // memory of its own segments
}

// segment is a run of a mail's bytes. Encoded files can't begin a line with a dot, so DATA leaves them as they are.
type segment struct {
	data []byte
	file bool
	name string // of an encoded file: all that its bytes depend on; "" where they may be anything
}

// sum is the SHA-256 of the mail without its Date. Of a file that many mails share it takes the name, which holds the file's own
// hash.
func (m *mail) sum() (sum [sha256.Size]byte) {
	h := sha256.New()
	for i, s := range m.segments {
		data := s.data
		if i == 0 {
			data = data[m.undated:]
		}
		if s.name != "" {
			data = []byte(s.name)
		}
		_, _ = h.Write(data)
	}
	h.Sum(sum[:0])
	return sum
}

// composer turns messages into mails. It is safe for concurrent use.
type composer struct {
	now      func() time.Time
	files    *fileCache
	envelope Envelope  // may be nil
	idField  string    // names the field that tells the provider the message's id; "" for none
	free     sync.Pool // of *mail
}

// release takes a mail back; others may use its bytes then.
func (c *composer) release(m *mail) {
	const most = 256 << 10 // larger ones are rare: keeping them would hold memory for nothing
	if cap(m.buf) > most {
		return
	}
	clear(m.segments)
	*m = mail{segments: m.segments[:0], buf: m.buf[:0]}
	c.free.Put(m)
}

// compose writes m, which is valid, as:
//
//	mixed                    where there are files
//	  related                where there are images within the HTML
//	    alternative          where there are text and HTML
//	      text, HTML
//	    images
//	  files
//
// The same message gives the same bytes again, but for its Date. Whoever is done with the mail may release it.
func (c *composer) compose(m *message.Message) *mail { return c.composeAt(m, c.now()) }

// composeAt is compose at a time.
func (c *composer) composeAt(m *message.Message, now time.Time) *mail {
	w := &writer{mail: &mail{}, mark: boundaryBase(m.ID)}
	if used, ok := c.free.Get().(*mail); ok {
		w.mail = used
	}
	w.mail.id, w.mail.from, w.mail.to = messageID(m), m.From.Addr, m.Recipients()
	w.buf = slices.Grow(w.mail.buf, 1024+len(m.Text)+len(m.HTML)+(len(m.Text)+len(m.HTML))/4)
	w.mail.utf8 = needsUTF8(m)
	unsubscriber := ""
	if c.envelope != nil {
		w.mail.from = c.envelope.Sender(m.ID, len(w.mail.to) > 1)
		if m.Unsubscribe != "" {
			unsubscriber = c.envelope.Unsubscriber(m.ID)
		}
	}
	w.header(m, now.UTC(), unsubscriber)
	if c.envelope != nil {
		w.buf = append(append(append(w.buf, returnField...), w.mail.from...), ">\r\n"...)
	}
	if c.idField != "" {
		w.buf = appendField(w.buf, c.idField, m.ID)
	}
	w.buf = append(w.buf, "MIME-Version: 1.0\r\n"...)

	var images, files []*message.Attachment
	for i := range m.Attachments {
		if a := &m.Attachments[i]; a.Inline && m.HTML != "" {
			images = append(images, a)
		} else {
			files = append(files, a)
		}
	}
	if len(files) == 0 {
		w.related(m, images, c.files)
	} else {
		w.multipart("mixed", func(part func()) {
			part()
			w.related(m, images, c.files)
			for _, f := range files {
				part()
				w.file(c.files, f)
			}
		})
	}
	w.flush()
	w.mail.buf = w.buf
	return w.mail
}

// returnField begins a copy of the envelope sender. A complaint, or a bounce that went another way, has the header of the
// message, and not always its envelope.
const returnField = "X-Herald-Return: <"

// messageID is the same for every try: <ID@domain of the sender>.
func messageID(m *message.Message) string { return "<" + m.ID + "@" + m.From.Domain() + ">" }

// boundaryBase makes boundaries that differ between messages and stay the same for one message.
func boundaryBase(id string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return strconv.FormatUint(h.Sum64(), 36)
}

// needsUTF8 reports an address whose local part has characters beyond ASCII (RFC 6531). Domains never do.
func needsUTF8(m *message.Message) bool {
	if !isASCII(m.From.Addr) || m.ReplyTo != nil && !isASCII(m.ReplyTo.Addr) {
		return true
	}
	for _, list := range [][]message.Address{m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			if !isASCII(a.Addr) {
				return true
			}
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// writer collects a mail: its own bytes in buf, cut into segments where shared files come between.
type writer struct {
	mail *mail
	buf  []byte
	done int // what of buf is in segments already
	mark string
}

// header writes the fields above MIME-Version. There is none for Bcc.
func (w *writer) header(m *message.Message, now time.Time, unsubscriber string) {
	b := append(w.buf, "Date: "...)
	b = now.AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 -0700\r\n")
	w.mail.date, w.mail.undated = now.Truncate(time.Second), len(b)
	b = appendAddresses(b, "From", []message.Address{m.From})
	b = appendAddresses(b, "To", m.To)
	b = appendAddresses(b, "Cc", m.Cc)
	if len(m.To)+len(m.Cc) == 0 {
		b = append(b, "To: undisclosed-recipients:;\r\n"...)
	}
	if m.ReplyTo != nil {
		b = appendAddresses(b, "Reply-To", []message.Address{*m.ReplyTo})
	}
	b = appendField(b, "Subject", m.Subject)
	b = append(append(append(b, "Message-ID: "...), w.mail.id...), "\r\n"...)
	if m.Unsubscribe != "" { // RFC 8058
		b = append(append(append(b, "List-Unsubscribe: <"...), m.Unsubscribe...), '>')
		if unsubscriber != "" {
			b = append(append(append(b, ",\r\n <mailto:"...), unsubscriber...), "?subject=unsubscribe>"...)
		}
		b = append(b, "\r\n"...)
		b = append(b, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	if m.Automatic { // RFC 3834
		b = append(b, "Auto-Submitted: auto-generated\r\n"...)
	}
	b = appendThread(b, m.Thread)
	for _, h := range m.Headers {
		b = appendField(b, h.Name, h.Value)
	}
	w.buf = b
}

// related writes the texts, together with the images that the HTML shows.
func (w *writer) related(m *message.Message, images []*message.Attachment, files *fileCache) {
	if len(images) == 0 {
		w.texts(m)
		return
	}
	root := "text/html"
	if m.Text != "" {
		root = "multipart/alternative"
	}
	w.multipart("related; type=\""+root+"\"", func(part func()) { // RFC 2387 asks for the first part's type
		part()
		w.texts(m)
		for _, f := range images {
			part()
			w.file(files, f)
		}
	})
}

// texts writes text, HTML, or both; the richer one comes last.
func (w *writer) texts(m *message.Message) {
	switch {
	case m.HTML == "":
		w.text("plain", m.Text)
	case m.Text == "":
		w.text("html", m.HTML)
	default:
		w.multipart("alternative", func(part func()) {
			part()
			w.text("plain", m.Text)
			part()
			w.text("html", m.HTML)
		})
	}
}

func (w *writer) text(subtype, s string) {
	t := chooseTransfer(s)
	w.buf = append(append(append(w.buf, "Content-Type: text/"...), subtype...), "; charset=utf-8\r\nContent-Transfer-Encoding: "...)
	w.buf = append(append(w.buf, t...), "\r\n\r\n"...)
	w.buf = appendBody(w.buf, s, t)
}

// multipart writes a multipart entity; body calls part before each of its parts. The first letter of the kind, which
// parameters may follow, tells the boundaries of one message apart.
func (w *writer) multipart(kind string, body func(part func())) {
	boundary := boundaryMark + kind[:1] + w.mark
	w.buf = append(append(append(w.buf, "Content-Type: multipart/"...), kind...), "; boundary=\""...)
	w.buf = append(append(w.buf, boundary...), "\"\r\n\r\n"...)
	body(func() {
		w.buf = append(append(append(w.buf, "--"...), boundary...), "\r\n"...)
	})
	w.buf = append(append(append(w.buf, "--"...), boundary...), "--\r\n"...)
}

// file adds a shared part without copying it.
func (w *writer) file(files *fileCache, a *message.Attachment) {
	w.flush()
	part := files.get(a)
	w.mail.segments = append(w.mail.segments, segment{part, true, nameOf(a)})
	w.mail.size += int64(len(part))
}

// flush makes a segment of what was written since the last one.
func (w *writer) flush() {
	if own := w.buf[w.done:]; len(own) > 0 {
		w.mail.segments = append(w.mail.segments, segment{own, false, ""})
		w.mail.size += int64(len(own))
		w.done = len(w.buf)
	}
}
