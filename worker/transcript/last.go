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
// subject, introduction and layout are their authors'. Secrets that are found only as words of their own are looked for in
// subject and introduction, and in the rest only if the introduction has one: a layout has such words.
func (t *Transcript) lastLook(c *render.Content, introduction *string) error {
	r := t.redactor
	r.begin()
	c.Subject = r.text(nil, c.Subject)
	clean := r.text(nil, *introduction)
	o := redact.Options{Certain: clean == *introduction}
	*introduction = clean
	c.Text = r.redacted(nil, c.Text, o)
	c.HTML = r.markup(nil, []byte(c.HTML), o)
	return r.proven()
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
