package api

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

//go:embed unsubscribe.html
var unsubscribePage string

// maxForm bounds the forms that the public posts.
const maxForm = 64 << 10

// serveLinks answers requests for links of messages: they have no token, but the link is sealed.
func (s *Server) serveLinks() error {
	if s.Links == nil {
		return nil
	}
	page, err := template.New("unsubscribe").Parse(unsubscribePage)
	if err != nil {
		return fmt.Errorf("the unsubscribe page: %w", err)
	}
	u := &unsubscribing{s, page}
	s.mux.HandleFunc("GET /unsubscribe/{token}", u.ask)
	s.mux.HandleFunc("POST /unsubscribe/{token}", u.unsubscribe)
	s.mux.HandleFunc("GET /media/{token}", s.serveMedia)
	return nil
}

// unsubscribing is the page behind a List-Unsubscribe header. A GET changes nothing: programs that check links follow
// them all. A POST is one click in a mail program (RFC 8058), or the page's button.
type unsubscribing struct {
	*Server
	page *template.Template
}

// unsubscribeView is what the page shows: one of these.
type unsubscribeView struct {
	Title   string
	Address string // with a button
	Done    string // the address that is unsubscribed
	Trouble string
}

func (u *unsubscribing) ask(w http.ResponseWriter, r *http.Request) {
	who, err := u.Links.ParseUnsubscribe(r.PathValue("token"))
	if err != nil {
		u.refuse(w, err)
		return
	}
	u.show(w, http.StatusOK, unsubscribeView{Title: "Unsubscribe", Address: who.Address})
}

func (u *unsubscribing) unsubscribe(w http.ResponseWriter, r *http.Request) {
	who, err := u.Links.ParseUnsubscribe(r.PathValue("token"))
	if err != nil {
		u.refuse(w, err)
		return
	}
	// The body says nothing that the link doesn't.
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxForm))
	if err := u.keep(r.Context(), who); err != nil {
		p := asProblem(err)
		u.logProblem(r.Method, r.Pattern, p)
		for name, values := range p.GetHeaders() {
			w.Header()[name] = values
		}
		u.show(w, p.Status, unsubscribeView{Title: "Please try again", Trouble: "You are not unsubscribed yet: something is out of order here. Please try again in a minute."})
		return
	}
	u.show(w, http.StatusOK, unsubscribeView{Title: "You are unsubscribed", Done: who.Address})
}

// keep puts the recipient on the suppression list, and down what became of the message whose link it was.
func (u *unsubscribing) keep(ctx context.Context, who link.Subscriber) error {
	source, _, _ := task.SplitDerived(who.Owner)
	if !task.IsTest(source) {
		if err := u.Suppressions.Suppress(ctx, who.Channel, who.Address, suppress.Unsubscribed, source); err != nil {
			return err
		}
	}
	if u.Feedback == nil {
		return nil
	}
	_, err := u.Feedback.Record(ctx, feedback.Report{ID: who.Owner, State: ledger.Unsubscribed, Source: "link", Recipient: who.Address, Several: true})
	return err
}

func (u *unsubscribing) refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, link.ErrExpired) {
		u.show(w, http.StatusGone, unsubscribeView{Title: "This link has expired", Trouble: "Please use the link in a newer message."})
		return
	}
	u.show(w, http.StatusNotFound, unsubscribeView{Title: "This link is not whole", Trouble: "Please copy all of it from the message, or follow it there."})
}

func (u *unsubscribing) show(w http.ResponseWriter, status int, view unsubscribeView) {
	var out bytes.Buffer
	if err := u.page.Execute(&out, view); err != nil {
		u.Log.Error("unsubscribe page", "error", err)
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}
