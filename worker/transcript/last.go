package transcript

import (
	"errors"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/redact"
)

// CodeUnproven is the code of a transcript that may hold what was redacted.
const CodeUnproven = "redaction_unproven"

// issueWithheld is the code of the issue of a message that can't be proven clean.
const issueWithheld = "message_withheld"

// lastLook takes secrets out of what templates made of a transcript: they may put together what stood apart, and the words of
// subject, introduction and layout are their authors'. Secrets that are found only as words of their own are left to the
// values: a layout has such words.
func (t *Transcript) lastLook(c *render.Content) error {
	var err error
	if c.Subject, err = t.redactor.last(c.Subject); err == nil {
		c.Text, err = t.redactor.last(c.Text)
	}
	if err != nil {
		return err
	}
	r := t.redactor
	c.HTML = r.markup(nil, []byte(c.HTML), redact.Options{Certain: true})
	return r.proven()
}

// last is a text of templates without secrets.
func (r *redactor) last(s string) (string, error) {
	s = r.redacted(nil, s, redact.Options{Certain: true})
	return s, r.proven()
}

func (r *redactor) proven() error {
	if r.unproven {
		return compose.Failed(CodeUnproven, errors.New("it can't be proven that the mail holds nothing that was redacted, and nothing was sent: "+
			"subject, introduction or layout put texts together, or encode them many times"))
	}
	return nil
}

// issues are those of the transcript itself.
func (t *Transcript) issues() []render.Issue {
	var out []render.Issue
	for i := range t.Messages {
		if t.Messages[i].Unproven {
			out = append(out, render.Issue{Code: issueWithheld, Message: "a message is withheld: it can't be proven that it holds nothing that was redacted", Field: "messages"})
		}
	}
	return out
}
