package preview

import (
	"context"
	"io/fs"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
)

// Who a previewed email is from and to, where the context names nobody.
const (
	someSender   = "sender@example.com"
	someCustomer = "customer@example.com"
)

// Mail is an email as it would travel.
type Mail struct {
	From, To message.Address
	Raw      []byte
}

// Compose gives the email as the channel's own sender would write it: to the context's customer, and from the sender
// given, or the context's agent where that is nil.
func Compose(ctx context.Context, c *catalog.Catalog, content *render.Content, data []byte, from *message.Address) (*Mail, error) {
	people, err := peopleOf(data, from)
	if err != nil {
		return nil, err
	}
	files, err := attach.New(attach.Options{Blobs: catalogFiles{c}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = files.Close() }()
	attached, err := files.Resolve(ctx, attach.For(message.Email), compose.Refs(content.Attachments))
	if err != nil {
		return nil, err
	}
	raw, err := email.Compose(&message.Message{
		ID: "preview", Channel: message.Email, From: people.from, To: []message.Address{people.to},
		Subject: content.Subject, HTML: content.HTML, Text: content.Text, Attachments: attached,
	}, time.Now())
	return &Mail{people.from, people.to, raw}, err
}

// people are the two ends of an email.
type people struct{ from, to message.Address }

func peopleOf(data []byte, from *message.Address) (people, error) {
	root, err := handlebars.ParseJSON(data)
	if err != nil {
		return people{}, err
	}
	p := people{to: mailbox(root.Get("customer"), "name", someCustomer)}
	if from != nil {
		p.from = *from
		return p, nil
	}
	agent := root.Get("currentUser")
	if agent.IsNil() {
		agent = root.Get("user")
	}
	p.from = mailbox(agent, "displayName", someSender)
	return p, nil
}

// mailbox reads a person's address, and gives another where it has none that is valid.
func mailbox(person handlebars.Value, name, otherwise string) message.Address {
	addr, err := address.ParseMailbox(person.Get("email").Text())
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
type catalogFiles struct{ catalog *catalog.Catalog }

// Blob returns the content of a file by its hash.
func (f catalogFiles) Blob(_ context.Context, sha256 string) ([]byte, error) {
	data, err := f.catalog.Attachment(sha256)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return data, nil
}
