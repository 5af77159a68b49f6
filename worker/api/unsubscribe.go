package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/topic"
)

//go:embed unsubscribe.html
var unsubscribePage string

//go:embed unsubscribe.css
var unsubscribeStyle string

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
	style := sha256.Sum256([]byte(unsubscribeStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	u := &unsubscribing{s, page, policy}
	s.mux.HandleFunc("GET /unsubscribe/{token}", u.ask)
	s.mux.HandleFunc("POST /unsubscribe/{token}", u.change)
	s.mux.HandleFunc("GET /media/{token}", s.serveMedia)
	return nil
}

// unsubscribing is the page behind a List-Unsubscribe header. A GET changes nothing: programs that check links follow
// them all. A POST is one click in a mail program (RFC 8058), or one of the page's buttons.
type unsubscribing struct {
	*Server
	page   *template.Template
	policy string
}

// What the page's forms ask for. Anything else, such as the body of RFC 8058 or none, unsubscribes from the link's topic.
const (
	doResubscribe = "resubscribe"
	doChoose      = "choose" // the topics that are ticked, and no others
	doAll         = "all"    // unsubscribes from all topics
)

// wishView is what the page shows.
type wishView struct {
	Language, Direction string
	Style               template.CSS
	Texts               wishTexts
	Title               string
	Done, Trouble       string
	Sender              string
	Topic, Address      string
	Ask, Again          bool // to unsubscribe, to subscribe again
	More, Note          bool // the way to the choices; that other messages still come
	Choices             []wishChoice
}

// wishChoice is a topic that the recipient may have or not.
type wishChoice struct {
	Name, Title, Description string
	On, Locked               bool
}

func (u *unsubscribing) ask(w http.ResponseWriter, r *http.Request) {
	who, texts, ok := u.who(w, r)
	if !ok {
		return
	}
	view, err := u.view(r.Context(), who, texts, r.URL.Query().Has(doChoose))
	if err != nil {
		u.fail(w, r, texts, err)
		return
	}
	if view.Title = texts.Unsubscribe; len(view.Choices) > 0 {
		view.Title = texts.Choose
	} else if !view.Ask {
		view.Title = texts.Unsubscribed
	}
	u.show(w, http.StatusOK, view)
}

// who is the recipient by the link, and the texts in their language. Without one the request is answered.
func (u *unsubscribing) who(w http.ResponseWriter, r *http.Request) (who link.Subscriber, texts wishTexts, ok bool) {
	who, err := u.Links.ParseUnsubscribe(r.PathValue("token"))
	texts = wishTextsFor(who.Locale, r.Header.Get("Accept-Language"))
	switch {
	case errors.Is(err, link.ErrExpired):
		u.show(w, http.StatusGone, wishView{Texts: texts, Title: texts.Expired, Trouble: texts.UseNewer})
	case err != nil:
		u.show(w, http.StatusNotFound, wishView{Texts: texts, Title: texts.Broken, Trouble: texts.CopyAll})
	}
	return who, texts, err == nil
}

func (u *unsubscribing) change(w http.ResponseWriter, r *http.Request) {
	who, texts, ok := u.who(w, r)
	if !ok {
		return
	}
	form := wishForm(r)
	title, err := texts.Unsubscribed, error(nil)
	switch form.Get("do") {
	case doResubscribe:
		title, err = texts.Subscribed, u.resubscribe(r.Context(), who)
	case doChoose:
		title, err = texts.Saved, u.choose(r.Context(), who, form["topic"])
	case doAll:
		err = u.unsubscribe(r.Context(), who, topic.All)
	default:
		err = u.unsubscribe(r.Context(), who, who.Topic)
	}
	var view wishView
	if err == nil {
		view, err = u.view(r.Context(), who, texts, form.Get("do") == doChoose)
	}
	if err != nil {
		u.fail(w, r, texts, err)
		return
	}
	view.Title, view.Done, view.Ask = title, texts.Close, false
	switch {
	case form.Get("do") != doResubscribe:
		view.Trouble = "" // they asked for less, and have it
	case view.Trouble != "":
		view.Title, view.Done = texts.Unsubscribed, ""
	}
	u.show(w, http.StatusOK, view)
}

// wishForm are the fields of the page's own forms. Of other bodies nothing is read: the link says all.
func wishForm(r *http.Request) url.Values {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	mediaType, _, wrong := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || wrong != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return form
}

// unsubscribe puts the recipient on the suppression list, and down what became of the message whose link it was.
func (u *unsubscribing) unsubscribe(ctx context.Context, who link.Subscriber, from string) error {
	if !test(who) {
		if err := u.Suppressions.Unsubscribe(ctx, who.Channel, from, who.Address, wishSource(who)); err != nil {
			return err
		}
	}
	if u.Feedback == nil {
		return nil
	}
	_, err := u.Feedback.Record(ctx, feedback.Report{ID: who.Owner, State: ledger.Unsubscribed, Source: "link", Recipient: who.Address, Several: true})
	return err
}

func (u *unsubscribing) resubscribe(ctx context.Context, who link.Subscriber) error {
	if test(who) {
		return nil
	}
	return u.Suppressions.Resubscribe(ctx, who.Channel, who.Topic, who.Address, wishSource(who))
}

// test reports a link of a test message: it puts nobody on a list, and takes nobody off.
func test(who link.Subscriber) bool { return task.IsTest(wishSource(who)) }

// wishSource says where an entry of the suppression list comes from.
func wishSource(who link.Subscriber) string {
	source, _, _ := task.SplitDerived(who.Owner)
	return source
}

// choose subscribes the recipient to the topics that are ticked, and to no others.
func (u *unsubscribing) choose(ctx context.Context, who link.Subscriber, ticked []string) error {
	choices, err := u.choices(ctx, who, "")
	if err != nil || test(who) {
		return err
	}
	for _, c := range choices {
		want := slices.Contains(ticked, c.Name)
		switch {
		case c.Locked || want == c.On:
			continue
		case want:
			err = u.Suppressions.Resubscribe(ctx, who.Channel, c.Name, who.Address, wishSource(who))
		case c.Name == who.Topic:
			err = u.unsubscribe(ctx, who, c.Name)
		default:
			err = u.Suppressions.Unsubscribe(ctx, who.Channel, c.Name, who.Address, wishSource(who))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// choices are the topics that the recipient may refuse, if there are several.
func (u *unsubscribing) choices(ctx context.Context, who link.Subscriber, language string) ([]wishChoice, error) {
	var choices []wishChoice
	var names []string
	for _, t := range u.Topics.Marketing() {
		names = append(names, t.Name)
		choices = append(choices, wishChoice{Name: t.Name, Title: t.Title.In(language), Description: t.Description.In(language)})
	}
	if len(choices) < 2 {
		return nil, nil
	}
	found, err := u.Suppressions.CheckTopics(ctx, who.Channel, who.Address, names)
	if err != nil {
		return nil, err
	}
	for i, e := range found {
		choices[i].On, choices[i].Locked = e == nil, e != nil && e.Reason != suppress.Unsubscribed
	}
	return choices, nil
}

// view is what the page shows of the recipient as the lists are now; all says that all topics are to be shown.
func (u *unsubscribing) view(ctx context.Context, who link.Subscriber, texts wishTexts, all bool) (wishView, error) {
	view := wishView{Texts: texts, Sender: who.Sender, Address: who.Address, Topic: texts.AllTopics, Note: len(u.Topics.Names()) > 0}
	about := u.Suppressions.TopicOf(who.Topic)
	if about != topic.All {
		view.Topic = about
		if t, err := u.Topics.Find(about); err == nil {
			view.Topic = t.Title.In(texts.tag.String())
		}
	}
	choices, err := u.choices(ctx, who, texts.tag.String())
	if err != nil {
		return view, err
	}
	if view.More = len(choices) > 0 && !all; all {
		view.Choices = choices
	}
	entry, err := u.entry(ctx, who, about)
	if err != nil {
		return view, err
	}
	view.Again = entry != nil && entry.Reason == suppress.Unsubscribed
	if view.Ask = entry == nil; entry != nil && !view.Again {
		view.Trouble = texts.Blocked
	}
	return view, nil
}

// entry is what forbids writing to the recipient about a topic; nil if nothing does, or the topic is gone.
func (u *unsubscribing) entry(ctx context.Context, who link.Subscriber, about string) (*suppress.Entry, error) {
	found, err := u.Suppressions.Check(ctx, who.Channel, about, []string{who.Address})
	var gone *topic.Unknown
	if errors.As(err, &gone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// fail shows that nothing was changed.
func (u *unsubscribing) fail(w http.ResponseWriter, r *http.Request, texts wishTexts, err error) {
	p := asProblem(err)
	u.logProblem(r.Method, r.Pattern, p)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	u.show(w, p.Status, wishView{Texts: texts, Title: texts.TryAgain, Trouble: texts.NotDone})
}

func (u *unsubscribing) show(w http.ResponseWriter, status int, view wishView) {
	view.Language, view.Direction, view.Style = view.Texts.tag.String(), view.Texts.direction, template.CSS(unsubscribeStyle) //nolint:gosec // our own style
	var out bytes.Buffer
	if err := u.page.Execute(&out, view); err != nil {
		u.Log.Error("unsubscribe page", "error", err)
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", view.Language)
	w.Header().Set("Content-Security-Policy", u.policy)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}
