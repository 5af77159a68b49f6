package email

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/intake/bounce"
)

// reply is one answer of a server.
type reply struct {
	code int
	text string // its words, with the enhanced status if there is one: all lines of a refusal, else the last one
}

func (r reply) ok() bool { return r.code/100 == 2 }

// Bounds of one reply (RFC 5321 section 4.5.3.1.5 sets 512 bytes a line): what is longer is no SMTP server. Of a refusal's
// words so much is kept.
const (
	maxReplyLines = 128
	maxReplyText  = 2 << 10
)

var errGarbage = errors.New("the server's reply is not SMTP")

// readReply reads `250-first`, `250 last`. The reader's buffer bounds the length of lines.
func readReply(r *bufio.Reader) (reply, error) {
	code, before := 0, ""
	for range maxReplyLines {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, errGarbage
		}
		if err != nil {
			return reply{}, err
		}
		line = bytes.TrimRight(line, "\r\n")
		n := 0
		for i := 0; i < len(line) && i < 3 && line[i] >= '0' && line[i] <= '9'; i++ {
			n = n*10 + int(line[i]-'0')
		}
		if n < 200 || n > 599 || code != 0 && n != code || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return reply{}, errGarbage
		}
		code = n
		words := string(line[min(4, len(line)):])
		if before != "" {
			words = joinLines(before, words)
		}
		if len(line) == 3 || line[3] == ' ' {
			return reply{code, words}, nil
		}
		if code >= 400 { // of what went well the last line is enough
			before = words
		}
	}
	return reply{}, errGarbage
}

// joinLines joins the lines of a refusal. Servers repeat the enhanced status on each.
func joinLines(before, line string) string {
	if status := enhanced(before); status != "" {
		line = strings.TrimSpace(strings.TrimPrefix(line, status))
	}
	if len(before)+len(line) > maxReplyText {
		return before
	}
	return strings.TrimSpace(before + " " + line)
}

// enhanced finds an RFC 3463 status such as 5.1.1 at the start of a reply's words.
func enhanced(text string) string {
	status, _, _ := strings.Cut(text, " ")
	parts := strings.Split(status, ".")
	if len(parts) != 3 || parts[0] != "2" && parts[0] != "4" && parts[0] != "5" {
		return ""
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || n < 0 || n > 999 || len(p) > 3 {
			return ""
		}
	}
	return status
}

// refusal classifies a reply that is not success: whose trouble it is says the table of answers, and whether it may pass
// the reply's code.
func refusal(step string, r reply) *send.Error {
	if r.code/100 != 4 && r.code/100 != 5 {
		return broken(step, errGarbage)
	}
	e := &send.Error{Code: "smtp_" + strconv.Itoa(r.code), Status: r.code, Enhanced: enhanced(r.text), Step: step, Reply: send.Words(r.text)}
	w := whoseTrouble(step, r)
	e.Account, e.Sender = w == theAccounts || w == theSenders, w == theSenders
	e.Permanent = r.code >= 500 && !e.Account
	e.Suppress = e.Permanent && step == "RCPT" && bounce.Gone(e.Enhanced)
	return e
}

// broken is the error of a connection that failed before the server had the complete message. It is temporary, and
// the server's trouble unless the content caused it.
func broken(step string, err error) *send.Error {
	e := &send.Error{Step: step, Err: err, Account: step != "BODY" && step != "BDAT" && step != "DOT"}
	switch {
	case errors.Is(err, errGarbage):
		e.Code = "smtp_garbage"
	case isTimeout(err):
		e.Code = "smtp_timeout"
	default:
		e.Code = "smtp_dropped"
	}
	return e
}

// unanswered is the error of a connection that failed after the server had the complete message: it may have arrived.
func unanswered(step string, err error) *send.Error {
	return &send.Error{Ambiguous: true, Code: "smtp_no_reply", Step: step, Err: fmt.Errorf("no answer to the complete message: %w", err)}
}
