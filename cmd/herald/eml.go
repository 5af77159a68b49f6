package main

import (
	"context"
	"io/fs"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/send/email"
)

// Who a previewed email is from and to, where the context names nobody.
const (
	previewFrom = "sender@example.com"
	previewTo   = "customer@example.com"
)

// compose gives the email as the channel's own sender would write it.
func (o *opened) compose(ctx context.Context, content *render.Content) ([]byte, error) {
	m, err := o.message(ctx, content)
	if err != nil {
		return nil, err
	}
	return email.Compose(m, time.Now())
}

// message is the email from the context's agent to its customer.
func (o *opened) message(ctx context.Context, content *render.Content) (*message.Message, error) {
	root, err := handlebars.ParseJSON(o.request.Context)
	if err != nil {
		return nil, err
	}
	agent := root.Get("currentUser")
	if agent.IsNil() {
		agent = root.Get("user")
	}
	customer := root.Get("customer")
	files, err := attach.New(attach.Options{Blobs: catalogFiles{o.catalog}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = files.Close() }()
	refs := make([]message.Ref, len(content.Attachments))
	for i, a := range content.Attachments {
		refs[i] = message.Ref{Name: a.Name, Blob: a.SHA256}
	}
	attached, err := files.Resolve(ctx, attach.For(message.Email), refs)
	if err != nil {
		return nil, err
	}
	return &message.Message{
		ID: "preview", Channel: message.Email,
		From: mailbox(agent, "displayName", previewFrom), To: []message.Address{mailbox(customer, "name", previewTo)},
		Subject: content.Subject, HTML: content.HTML, Text: content.Text, Attachments: attached,
	}, nil
}

// mailbox reads a person's address, and gives another where it has none that is valid.
func mailbox(person handlebars.Value, name, otherwise string) message.Address {
	addr, err := message.ParseAddress(person.Get("email").Text())
	if err != nil {
		return message.Address{Addr: otherwise}
	}
	addr.Name = person.Get(name).Text()
	if m := (&message.Message{ID: "x", Channel: message.Email, From: addr, To: []message.Address{addr}, Subject: "x", Text: "x"}); m.Validate() != nil {
		addr.Name = "" // it holds characters that no header may
	}
	return addr
}

// catalogFiles gives a catalog's attachments to a resolver.
type catalogFiles struct{ catalog *render.Catalog }

// Blob returns the content of a file by its hash.
func (f catalogFiles) Blob(_ context.Context, sha256 string) ([]byte, error) {
	data, err := f.catalog.Attachment(sha256)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return data, nil
}
