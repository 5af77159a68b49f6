package compose

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Verdict says why there is no message to send. It is final: asking again gives the same answer.
type Verdict struct {
	State ledger.State // Failed, Skipped or Suppressed
	Code  string       // stable, for programs
	Text  string       // for people; may hold the recipient's data
	err   error        // what lies beneath, may be nil
}

// Error implements error, for calls that return something else if there is no verdict.
func (v *Verdict) Error() string { return v.Text }

// Unwrap gives what lies beneath.
func (v *Verdict) Unwrap() error { return v.err }

// Trouble is why a message can't be composed now, through no fault of its own. It waits.
type Trouble struct {
	Code string
	// Setting: every message of this kind needs a setting that is missing or a service that is down. An operator has
	// to act.
	Setting bool
	Err     error // what lies beneath, may be nil
}

// Error implements error.
func (t *Trouble) Error() string {
	if t.Err == nil {
		return t.Code
	}
	return t.Code + ": " + t.Err.Error()
}

// Unwrap gives what lies beneath.
func (t *Trouble) Unwrap() error { return t.Err }

// Failed is the verdict over a message that can't be made because of err.
func Failed(code string, err error) *Verdict { return &Verdict{ledger.Failed, code, err.Error(), err} }

func failed(code, text string) *Verdict {
	return &Verdict{State: ledger.Failed, Code: code, Text: text}
}

func skipped(code, text string) *Verdict {
	return &Verdict{State: ledger.Skipped, Code: code, Text: text}
}

// ContentFault is the verdict over all messages with some content, because of err.
func ContentFault(err error) *Verdict {
	if hidden := (*catalog.HiddenError)(nil); errors.As(err, &hidden) {
		return Failed("shortcut_hidden", err)
	}
	return &Verdict{ledger.Failed, "template_error", "content: " + err.Error(), err}
}

// suppressed is the verdict over a message to an address that must not be written to.
func suppressed(e suppress.Entry) *Verdict {
	return &Verdict{State: ledger.Suppressed, Code: e.Reason, Text: e.Text()}
}

// RenderFault says what an error of the renderer means. The same template and data fail in the same way every time,
// so it is a verdict, unless ctx has ended.
func RenderFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := "render_error"
	var known *handlebars.Error
	if errors.As(err, &known) && known.Code != "" {
		code = "template_" + string(known.Code)
	}
	return Failed(code, err)
}

// checkFault is the verdict over a message that the check of its channel refuses.
func checkFault(err error) *Verdict {
	for _, f := range fault.Of(err) {
		if f.Code == fault.BadAddress {
			return Failed("invalid_address", err)
		}
	}
	return Failed("invalid_message", err)
}

// fileFault says what an error of an attachment means: a *Verdict, or a *Trouble.
func fileFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var known *attach.Error
	switch {
	case !errors.As(err, &known):
		return &Trouble{Code: "attachment_unreadable", Err: err}
	case known.Temporary:
		return &Trouble{Code: known.Code, Err: err}
	case known.Name == "":
		return failed(known.Code, "an attachment "+known.Reason)
	default:
		return failed(known.Code, fmt.Sprintf("%q %s", known.Name, known.Reason))
	}
}
