package compose

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// checkActions refuses a message whose actions could not follow it. It returns nil if they can.
func (c *Composer) checkActions(j Job) *Verdict {
	if j.Message.Actions.IsZero() {
		return nil
	}
	return c.checkTold(j)
}

// checkTold says why nobody could be told of a message's actions: nil where somebody can.
func (c *Composer) checkTold(j Job) *Verdict {
	if !c.Events {
		return failed("no_events_url", "it changes a conversation, and needs HERALD_EVENTS_URL for the event")
	}
	if id, _ := AboutWhom(j.Message, j.Conversation); !conversation.ValidID(id) {
		return failed("no_conversation", "it changes a conversation, but its context has no conversation.id of 1 to 200 bytes")
	}
	if j.Content != nil {
		if err := j.Content.Actions(j.Message.Actions).Validate(); err != nil {
			return failed("invalid_actions", "with those of the shortcut: "+err.Error())
		}
	}
	return nil
}

// actionsAlone is the verdict over content that says nothing on the channel and changes a conversation: it is done, and
// nothing is sent. nil where there is something to say, or nothing to change.
func (c *Composer) actionsAlone(j Job) *Verdict {
	parts := j.Content.prepared.Bundle().Shortcut.For(catalog.Channel(j.Message.Channel))
	if strings.TrimSpace(parts.Message) != "" || j.Content.Actions(j.Message.Actions).IsZero() {
		return nil
	}
	if v := c.checkTold(j); v != nil {
		return v
	}
	return &Verdict{State: ledger.Done}
}

// AboutWhom reads conversation.id and customer.id from a message's context. If it names no conversation, the result
// is the recipient's own, or the address itself on a channel that writes to conversations, such as chat.
func AboutWhom(m task.Message, recipients string) (conversation, customer string) {
	type named struct {
		ID json.RawMessage `json:"id"`
	}
	var c struct {
		Conversation named `json:"conversation"`
		Customer     named `json:"customer"`
	}
	_ = json.Unmarshal(m.Context, &c) // any other content is ignored
	conversation, customer = cmp.Or(idText(c.Conversation.ID), recipients), idText(c.Customer.ID)
	if conversation == "" && m.Channel.Known() && m.Channel.Address() == address.Conversation {
		conversation = m.To
	}
	return conversation, customer
}

// idText is an id that is a text or a number.
func idText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}
