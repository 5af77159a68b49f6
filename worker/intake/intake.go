// Package intake takes the mails that come back (bounces, complaints, requests to be unsubscribed) and gives what they say
// to package feedback. They come over SMTP or LMTP (server.go), from a Maildir (maildir.go), or from a mailbox by IMAP (imap.go).
//
// These rules hold:
//
//   - Only what is sealed to us counts: the address that a mail was sent to, or, for a complaint, the copy of it in the
//     message that came back. A mail without a seal is refused, or counted and passed over.
//   - A mail is answered with 250, or moved out of its mailbox, after all that it says is stored. Whatever is killed before,
//     it comes again; whatever comes again changes nothing.
package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/bounce"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Recorder keeps what a mail says: *feedback.Recorder.
type Recorder interface {
	Record(ctx context.Context, r feedback.Report) (feedback.Result, error)
}

// Options for New. All are required.
type Options struct {
	Seals    *verp.Seals
	Recorder Recorder
	Log      *slog.Logger
	Metrics  prometheus.Registerer
}

// Intake takes mails. It is safe for concurrent use.
type Intake struct {
	Options
	mails *prometheus.CounterVec
}

// Results of a mail, for metrics.
const (
	resultRecorded = "recorded"   // it says something of a message
	resultAuto     = "auto_reply" // a machine answered
	resultDelayed  = "delayed"    // a server still tries
	resultNothing  = "nothing"    // it says nothing of a message
	resultUnsealed = "unsealed"   // it has no address of ours
	resultForged   = "forged"     // it was sent to an address that only looks like ours
	resultUnnamed  = "unnamed"    // its address has the hash of an id alone, and the mail not the Message-ID
)

// New checks the options.
func New(o Options) (*Intake, error) {
	if o.Seals == nil || o.Recorder == nil || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("intake: Seals, Recorder, Log and Metrics are required")
	}
	in := &Intake{Options: o, mails: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "herald_intake_mails_total", Help: "Mails that came back: recorded (herald_feedback_total says as what), auto_reply, delayed, nothing (they say nothing of a message), unsealed (no address of ours), forged, unnamed (the message's id is missing).",
	}, []string{"result"})}
	for _, r := range []string{resultRecorded, resultAuto, resultDelayed, resultNothing, resultUnsealed, resultForged, resultUnnamed} {
		in.mails.WithLabelValues(r)
	}
	return in, o.Metrics.Register(in.mails)
}

// states are the states that classes stand for. A class without one says nothing that is kept.
var states = map[bounce.Class]ledger.FeedbackState{
	bounce.Delivered: ledger.Delivered, bounce.Soft: ledger.BouncedSoft, bounce.Hard: ledger.BouncedHard,
	bounce.Complaint: ledger.Complained, bounce.Unsubscribe: ledger.Unsubscribed,
}

// Take takes a mail that was sent to an address of ours. An error means that not all of it is stored: give it again.
func (in *Intake) Take(ctx context.Context, to verp.Mark, mail []byte) error {
	said := bounce.Read(mail)
	id := to.ID(messageID(said.MessageID))
	if id == "" {
		in.mails.WithLabelValues(resultUnnamed).Inc()
		return nil
	}
	if to.Purpose == verp.Unsubscribe {
		said.Reports = unsubscribing(said)
	}
	result := resultNothing
	for _, one := range said.Reports {
		state, ok := states[one.Class]
		if !ok {
			if one.Class == bounce.AutoReply && result == resultNothing {
				result = resultAuto
			} else if one.Class == bounce.Delayed && result != resultRecorded {
				result = resultDelayed
			}
			continue
		}
		r := feedback.Report{ID: id, State: state, Source: "mail", Status: one.Status, Words: one.Words, Recipient: one.Recipient, Several: to.Several}
		if state == ledger.Unsubscribed || state == ledger.Complained {
			r.Words = "" // the person's own
		}
		if to.Purpose == verp.Unsubscribe {
			r.Recipient, r.Several = "", false // whoever has the address has the message
		}
		kept, err := in.Recorder.Record(ctx, r)
		if err != nil {
			return fmt.Errorf("record a mail that came back: %w", err)
		}
		in.Log.Debug("mail came back", "message_id", id, "class", string(one.Class), "status", one.Status, "form", one.Form, "result", string(kept))
		result = resultRecorded
	}
	in.mails.WithLabelValues(result).Inc()
	return nil
}

// unsubscribing are the reports of a mail to an address for it: whatever people write there, they want no more; what servers
// and machines write says nothing.
func unsubscribing(said bounce.Result) []bounce.Report {
	worst := said.Worst()
	if worst.Class == bounce.Nothing && worst.Form == bounce.FormMail {
		worst.Class = bounce.Unsubscribe
	}
	if worst.Class != bounce.Unsubscribe {
		return []bounce.Report{{Class: bounce.AutoReply}}
	}
	return []bounce.Report{worst}
}

// messageID is our id in a Message-ID: what stands before the last @.
func messageID(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return text[:at]
	}
	return text
}

// TakeAny takes a mail of which nobody says where it was sent to: from a mailbox, or from an address for complaints. Its own
// header may name an address of ours; else the message that came back does, as its envelope sender.
func (in *Intake) TakeAny(ctx context.Context, mail []byte) error {
	mail = mail[:min(len(mail), bounce.MaxBytes)]
	mark, ok := in.addressed(mail)
	if !ok {
		mark, ok = in.Seals.FindReturn(string(mail))
	}
	if !ok {
		in.mails.WithLabelValues(resultUnsealed).Inc()
		return nil
	}
	return in.Take(ctx, mark, mail)
}

// deliveredTo are the fields in which servers put down where a mail was sent to.
var deliveredTo = []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To", "X-Envelope-To", "To", "Cc"}

func (in *Intake) addressed(data []byte) (verp.Mark, bool) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return verp.Mark{}, false
	}
	for _, field := range deliveredTo {
		for _, value := range m.Header[field] {
			if mark, ok := in.Seals.Find(value); ok {
				return mark, true
			}
		}
	}
	return verp.Mark{}, false
}
