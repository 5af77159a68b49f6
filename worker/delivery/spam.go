package delivery

import (
	"context"
	"encoding/json"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// BlockSpam suppresses the customer of a conversation that becomes spam: the recipient on their channel, and the email
// address and phone number of the customer in the message's context. It comes before the event of the change, so that a
// worker that dies in between leaves neither undone: both are repeated, and do no harm twice.
func (d *Delivery) BlockSpam(ctx context.Context, r Report) error {
	if !r.Actions.IsSpam() || len(r.Update()) == 0 || task.IsTest(r.Message.ID) {
		return nil
	}
	var context struct {
		Customer struct {
			Email string `json:"email"`
			Phone string `json:"phone"`
		} `json:"customer"`
	}
	_ = json.Unmarshal(r.Message.Context, &context) // other content names nobody
	type place struct {
		channel message.Channel
		address string
	}
	places := []place{{message.Email, context.Customer.Email}, {message.SMS, context.Customer.Phone}, {message.Email, r.Email}, {message.SMS, r.Phone}}
	if c := r.Message.Channel; c.Known() && !c.Spec().Note { // notes are the team's own
		places = append(places, place{c, r.Message.To})
	}
	for _, p := range places {
		address := compose.Travelling(p.channel, r.Message.Country, p.address)
		if address == "" {
			continue
		}
		if err := d.Suppressions.Suppress(ctx, p.channel, address, suppress.Spam, r.Cause); err != nil {
			return err
		}
	}
	return nil
}
