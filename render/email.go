package render

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// bareHTML is the page around a message that has no email template.
var bareHTML = [2]string{
	"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"></head><body>\n",
	"</body></html>\n",
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
	r.page.htmlBody = r.body.fill(r.page.htmlBody[:0], body.html)
	r.text = r.body.fill(r.text[:0], body.text)
	r.page.textBody = bytes.TrimSpace(r.text)
	if out.Subject == "" {
		r.issues.add(Issue{Code: IssueEmptySubject, Part: "subject", Message: "the subject is empty"})
	}
	if len(r.page.textBody) == 0 {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	if r.plan.layout == nil {
		out.HTML = bareHTML[0] + string(r.page.htmlBody) + bareHTML[1]
		out.Text = string(r.page.textBody)
	} else if err := r.layOut(out); err != nil {
		return nil, err
	}
	limit := r.prepared.renderer.options.Limits.Output
	if len(out.HTML) > limit || len(out.Text) > limit {
		return nil, &handlebars.Error{Code: handlebars.CodeLimitOutput, Message: fmt.Sprintf("the email has more than %d bytes", limit)}
	}
	return out, nil
}

// layOut sets the message into the email template.
func (r *run) layOut(out *Content) error {
	l := r.plan.layout
	r.withDraft(out.Subject, out.Preheader, handlebars.Bool(len(r.page.htmlBody) > 0), handlebars.Bool(len(r.page.textBody) > 0))
	output, err := r.execute("layout", l.html, r.page.output[:0])
	if err != nil {
		return err
	}
	r.page.output = output
	r.skeleton, r.page.spans = split(output, r.skeleton[:0], r.page.spans[:0])
	page, ok := l.laidOut.all()[string(r.skeleton)]
	if !ok {
		t := newTokens(r.skeleton)
		laid := layOutHTML(t.insert(r.skeleton), t, htmlOptions{})
		page = &bodyLayout{html: laid.html}
		if l.text == nil {
			if page.text, err = layOutText(laid, t, false); err != nil {
				return err
			}
		}
		page = putLayout(&l.laidOut, r.skeleton, page)
	}
	r.html = r.page.fill(r.html[:0], page.html)
	out.HTML = string(r.html)
	if l.text == nil {
		r.twin = r.page.fill(r.twin[:0], page.text)
		out.Text = strings.TrimSpace(string(r.twin)) + "\n"
		return nil
	}
	return r.layOutTwin(out)
}

// layOutTwin sets the message's text into the email template's text.
func (r *run) layOutTwin(out *Content) error {
	l := r.plan.layout
	output, err := r.execute("layout", l.text, r.page.output[:0])
	if err != nil {
		return err
	}
	r.page.output = output
	r.skeleton, r.page.spans = split(output, r.skeleton[:0], r.page.spans[:0])
	p, ok := l.textPieces.all()[string(r.skeleton)]
	if !ok {
		t := newTokens(r.skeleton)
		p = putLayout(&l.textPieces, r.skeleton, textPieces(t.insert(r.skeleton), t, nil, false))
	}
	r.twin = r.page.fill(r.twin[:0], p)
	out.Text = strings.TrimSpace(string(r.twin)) + "\n"
	return nil
}
