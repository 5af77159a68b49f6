package suppress

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// Validate reports every fault of an entry on a channel's list.
func (s *Store) Validate(c message.Channel, e Entry) error {
	_, err := s.normal(c, e)
	return err
}

// normal checks an entry and brings it into the form in which it is stored.
func (s *Store) normal(c message.Channel, e Entry) (Entry, error) {
	var err error
	if e.Address, err = s.pattern(c, e.Address); err != nil {
		return e, err
	}
	if e.Reason == "" {
		e.Reason = Manual
	}
	if e.Topic == "" {
		e.Topic = topic.All
	}
	e.Source = strings.TrimSpace(e.Source)
	e.At = e.At.UTC().Truncate(time.Second)
	return e, errors.Join(s.checkTopic(e.Topic), checkReason(e.Reason), checkSource(e.Source))
}

// checkTopic refuses topics that there are none of.
func (s *Store) checkTopic(name string) error {
	if name == topic.All {
		return nil
	}
	_, err := s.topics.Find(name)
	return err
}

// pattern gives an entry's address or wildcard in the form in which it is stored.
func (s *Store) pattern(c message.Channel, text string) (string, error) {
	text = strings.TrimSpace(text)
	if hashPattern.MatchString(text) {
		return text, nil
	}
	if !strings.Contains(text, "*") {
		return s.key(c, text)
	}
	domain, ok := strings.CutPrefix(text, "*@")
	if c.Address() != address.Mailbox || !ok {
		return "", fmt.Errorf("%.100q: a wildcard is *@ and a domain, and for emails only", text)
	}
	domain, err := address.ParseDomain(domain)
	if err != nil {
		return "", fmt.Errorf("wildcard %.100q: %w", text, err)
	}
	return "*@" + domain, nil
}

// key is that of an address, the same for all of its spellings.
func (s *Store) key(c message.Channel, text string) (string, error) {
	a, err := s.addresses.Parse(c.Address(), text)
	if err != nil {
		return "", err
	}
	return c.Address().Key(a.Addr), nil
}

// wildcard is the pattern that covers all addresses of a key's domain, or "" where there is none.
func wildcard(c message.Channel, key string) string {
	if c.Address() != address.Mailbox {
		return ""
	}
	return "*@" + address.Address{Addr: key}.Domain()
}
