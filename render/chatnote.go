package render

import (
	"strings"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// markdown renders chats and notes.
func (r *run) markdown() (*Content, error) {
	m := r.plan.message
	if m.layout.Format == content.HTML {
		body, err := r.message()
		if err != nil {
			return nil, err
		}
		filled, err := r.body.AppendText(nil, body)
		if err != nil {
			return nil, err
		}
		r.text = content.AppendTextAsMarkdown(r.text[:0], filled)
	} else {
		out, err := r.execute("message", m.template, r.body.Buffer())
		if err != nil {
			return nil, err
		}
		if m.layout.Format == content.Text {
			r.text = content.AppendAsMarkdown(r.text[:0], out)
		} else {
			laid, err := r.body.LayMarked(&m.layout, out)
			if err != nil {
				return nil, err
			}
			if r.text, err = r.body.AppendText(r.text[:0], laid); err != nil {
				return nil, err
			}
		}
	}
	text := strings.TrimSpace(string(r.text))
	if l := r.plan.layout; l != nil && l.text != nil {
		set, err := r.setNote(l, text)
		if err != nil {
			return nil, err
		}
		text = set
	}
	if text == "" {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	return &Content{Text: text}, nil
}

// setNote sets a note into its template.
func (r *run) setNote(l *layout, text string) (string, error) {
	r.withDraft("", "", handlebars.String(""), content.TextBody([]byte(text)))
	out, err := r.execute("layout", l.text, r.page.Buffer())
	if err != nil {
		return "", err
	}
	r.page.TextBody = []byte(text)
	laid, err := r.page.LayNote(&l.page, out)
	if err != nil {
		return "", err
	}
	if !laid.HasBody && text != "" {
		return "", noBody(l.text, "{{draft.textBody}}")
	}
	if r.text, err = r.page.AppendText(r.text[:0], laid); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(r.text)), nil
}
