package preview

import (
	"cmp"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Sender and recipients of a preview if the context names nobody.
const (
	someSender       = "sender@example.com"
	someCustomer     = "customer@example.com"
	somePhone        = "+14155550100"
	someConversation = "conversation"
)

// Addressed adds the sender and recipient that a message lacks: the agent and the customer of its context. It keeps
// an address of the context that is wrong: sending would find the same.
func Addressed(m task.Message) (task.Message, error) {
	data := m.Context
	if len(data) == 0 {
		data = []byte("{}")
	}
	root, err := handlebars.ParseJSON(data)
	if err != nil {
		return m, err
	}
	customer := root.Get("customer")
	m.ID = cmp.Or(m.ID, "preview")
	switch kind := m.Channel.Address(); kind {
	case address.Mailbox:
		agent := root.Get("currentUser")
		if agent.IsNil() {
			agent = root.Get("user")
		}
		m.From = cmp.Or(m.From, mailbox(agent, "displayName"), someSender)
		m.To = cmp.Or(m.To, mailbox(customer, "name"), someCustomer)
	case address.Phone:
		m.To = cmp.Or(m.To, field(root, kind), somePhone)
	case address.Conversation:
		m.To = cmp.Or(m.To, field(root, kind), someConversation)
	}
	if !m.Channel.Spec().Mail {
		m.ReplyTo, m.Cc, m.Bcc, m.Headers, m.Unsubscribe = "", nil, nil, nil, false
	}
	return m, nil
}

// field is what the context has as an address of a kind.
func field(root handlebars.Value, k address.Kind) string {
	for name := range strings.SplitSeq(message.AddressField(k), ".") {
		root = root.Get(name)
	}
	return root.Text()
}

// mailbox is a person's address with the name; without it if no header may hold the name; "" if there is no address.
func mailbox(person handlebars.Value, nameField string) string {
	mail := person.Get("email").Text()
	name := person.Get(nameField).Text()
	if mail == "" || name == "" {
		return mail
	}
	full := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + mail + ">"
	if _, err := address.ParseMailbox(full); err != nil {
		return mail
	}
	return full
}
