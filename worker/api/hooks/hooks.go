// Package hooks reads what mail providers post about messages: delivered, bounced, complained, unsubscribed. Each has a file
// that checks the request's signature and turns its events into reports for package feedback. Fields and events that are not
// known are passed over. An event that comes again is the same report again, which changes nothing.
//
// A provider's event names our message by the Message-ID that we gave it, or by the envelope sender. An event that names
// neither is about a message of somebody else.
package hooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/bounce"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Adapter reads the requests of one provider.
type Adapter interface {
	// Name is the provider's: POST /hooks/NAME, and the source of its feedback.
	Name() string
	// Read checks a request and returns what it says. The errors are ErrSignature, ErrForm, or trouble of our own.
	Read(ctx context.Context, header http.Header, body []byte) ([]feedback.Report, error)
}

// The reasons to refuse a request.
var (
	ErrSignature = errors.New("the request is not signed by our account at this provider")
	ErrForm      = errors.New("the request is not in the provider's form")
)

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrForm, err) }

// namer finds out which message an event is about.
type namer struct{ seals *verp.Seals }

// id is the message's id: by a sealed address in one of the texts, else by its Message-ID. "" where it is none of ours.
func (n namer) id(messageID string, texts ...string) string {
	plain := strings.Trim(strings.TrimSpace(messageID), "<>")
	id := ""
	if at := strings.LastIndexByte(plain, '@'); at > 0 {
		id = plain[:at]
	}
	if n.seals != nil {
		for _, text := range texts {
			if mark, ok := n.seals.FindReturn(text); ok {
				return mark.ID(id)
			}
		}
	}
	return id
}

// report is about one recipient of a message, whom the provider names.
func report(source, id string, state ledger.FeedbackState, recipient, status, words string) feedback.Report {
	return feedback.Report{ID: id, State: state, Source: source, Recipient: recipient, Several: true, Status: status, Words: words}
}

// permanent is the state of a bounce that the provider calls permanent. It is a hard one only if the server's words say
// that there is no such mailbox: providers also call refused content permanent.
func permanent(status, words string) ledger.FeedbackState {
	if bounce.Judge(status, words) == bounce.Hard {
		return ledger.BouncedHard
	}
	return ledger.BouncedSoft
}
