package compose

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/topic"
)

// Topic is the one for which the message's recipients are looked up. A forward has none: a person sends it to somebody.
func (j Job) Topic() string {
	if j.To != nil {
		return topic.All
	}
	return j.Message.Topic
}

// CheckTopic is nil where there is a topic of that name. If not, its messages wait for a worker that knows it.
func (c *Composer) CheckTopic(name string) error {
	_, err := c.topic(name)
	return err
}

func (c *Composer) topic(name string) (topic.Topic, error) {
	t, err := c.Topics.Find(name)
	if err != nil {
		c.Log.Error("the message's topic is not in the file of HERALD_TOPICS of this worker; it waits", "topic", name)
		return t, &Trouble{Code: "unknown_topic", Setting: true, Err: err}
	}
	return t, nil
}

// addListID gives the mails of bulks, and those of a marketing topic that is named, the List-Id of their topic.
func (c *Composer) addListID(j Job, msg *message.Message) error {
	if !msg.Channel.Spec().Mail || j.To != nil || hasListID(msg.Headers) {
		return nil
	}
	t, err := c.topic(j.Message.Topic)
	if err != nil {
		return err
	}
	id := t.ListIDWithin(c.ListID)
	if id == "" || j.Part == nil && (j.Message.Topic == "" || t.Kind != topic.Marketing) {
		return nil
	}
	msg.Headers = append(slices.Clip(msg.Headers), message.Header{Name: "List-Id", Value: id})
	return nil
}

func hasListID(headers []message.Header) bool {
	return slices.ContainsFunc(headers, func(h message.Header) bool { return strings.EqualFold(h.Name, "List-Id") })
}

// unsubscribe is the link with which the recipient unsubscribes; "" if none is wanted.
func (c *Composer) unsubscribe(j Job, msg *message.Message) (string, error) {
	if !j.Message.Unsubscribe {
		return "", nil
	}
	if c.Links == nil {
		c.Log.Error("the message is to have an unsubscribe link, and this worker has no public URL to make one with; it waits")
		return "", &Trouble{Code: "no_public_url", Setting: true}
	}
	t, err := c.topic(j.Message.Topic)
	if err != nil {
		return "", err
	}
	s := subscriber(j.Message, msg.To[0].Addr, msg.From)
	s.Topic = cmp.Or(t.Name, topic.All)
	return c.Links.Unsubscribe(s), nil
}

// subscriber is who may unsubscribe by the link in a message.
func subscriber(m task.Message, to string, from address.Address) link.Subscriber {
	return link.Subscriber{Channel: m.Channel, Address: to, Owner: m.ID, Topic: m.Topic, Locale: m.Locale, Sender: cmp.Or(from.Name, from.Addr)}
}
