package render

import (
	"bytes"
	"fmt"
	"html"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// bare is the page around a message that has no email template. Long words wrap on a phone.
func (r *run) bare(subject string) string {
	return "<!DOCTYPE html>\n<html lang=\"" + r.locale.lang + "\" dir=\"" + r.locale.dir + "\"><head><meta charset=\"utf-8\">" +
		"<meta name=\"viewport\" content=\"width=device-width\"><title>" + html.EscapeString(subject) + "</title></head>" +
		"<body style=\"overflow-wrap:anywhere;word-break:break-word\">\n" + string(r.page.HTMLBody) + "</body></html>\n"
}

func (r *run) email() (*Content, error) {
	out := &Content{}
	var err error
	if out.Subject, err = r.oneLine("subject", r.plan.subject); err != nil {
		return nil, err
	}
	if out.Preheader, err = r.oneLine("preheader", r.plan.preheader); err != nil {
		return nil, err
	}
	body, err := r.message()
	if err != nil {
		return nil, err
	}
	r.issues.part = "message"
	if r.page.HTMLBody, err = r.body.AppendHTML(r.page.HTMLBody[:0], body); err != nil {
		return nil, err
	}
	if r.text, err = r.body.AppendText(r.text[:0], body); err != nil {
		return nil, err
	}
	r.page.TextBody = bytes.TrimSpace(r.text)
	if out.Subject == "" {
		r.issues.add(Issue{Code: IssueEmptySubject, Part: "subject", Message: "the subject is empty"})
	}
	if len(r.page.TextBody) == 0 && !bytes.Contains(r.page.HTMLBody, []byte("<img")) {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	if r.plan.layout == nil {
		out.HTML = r.bare(out.Subject)
		out.Text = string(r.page.TextBody)
	} else if err := r.layOut(out); err != nil {
		return nil, err
	}
	limit := r.prepared.renderer.options.Limits.Output
	if len(out.HTML) > limit || len(out.Text) > limit {
		return nil, &handlebars.Error{Code: handlebars.CodeLimitOutput, Message: fmt.Sprintf("the email has more than %d bytes", limit)}
	}
	return out, nil
}

// layOut puts the message into the email template.
func (r *run) layOut(out *Content) error {
	l := r.plan.layout
	r.withDraft(out.Subject, out.Preheader, content.HTMLBody(r.page.HTMLBody), content.TextBody(r.page.TextBody))
	output, err := r.execute("layout", l.html, r.page.Buffer())
	if err != nil {
		return err
	}
	page, err := r.page.LayPage(&l.page, output, l.text != nil)
	if err != nil {
		return err
	}
	if !page.HasBody && len(r.page.HTMLBody) > 0 {
		return noBody(l.html, "{{{draft.htmlBody}}}")
	}
	if r.html, err = r.page.AppendHTML(r.html[:0], page); err != nil {
		return err
	}
	out.HTML = string(r.html)
	if l.text != nil {
		output, err := r.execute("layout", l.text, r.page.Buffer())
		if err != nil {
			return err
		}
		if page = r.page.LayTwin(&l.page, output); !page.HasBody && len(r.page.TextBody) > 0 {
			return noBody(l.text, "{{draft.textBody}}")
		}
	}
	if r.twin, err = r.page.AppendText(r.twin[:0], page); err != nil {
		return err
	}
	out.Text = string(append(bytes.TrimSpace(r.twin), '\n'))
	return nil
}

// noBody is the error of a layout that lost the message.
func noBody(t *handlebars.Template, written string) error {
	return &handlebars.Error{Code: "no_body", Template: t.Name(), Message: "the layout does not print " + written + " for this recipient: the message would be lost"}
}
