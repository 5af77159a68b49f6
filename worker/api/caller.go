package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// caller is who calls: what its token says. The zero caller reaches nothing.
type caller struct {
	name     string // of the token; "" where everyone may call
	admin    bool
	owner    string
	from     []string
	channels []message.Channel
}

// caller is who calls with the token.
func (t Token) caller() caller {
	return caller{name: t.Name, admin: t.admin(), owner: t.books(), from: t.From, channels: t.Channels}
}

type callerKey struct{}

// callerOf is the caller of a request that passed authorize.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// stored is the id under which is stored what the caller calls id. An admin names what is an owner's as it is stored:
// OWNER~id. From anybody else such an id is nobody's.
func (c caller) stored(id string) string {
	if c.admin || id == "" {
		return id
	}
	return task.Owned(c.listOwner(), id)
}

// tests is the owner of the caller's tests: its own, where it is one that tests; else those of the same owner.
func (c caller) tests() string {
	live, _ := task.LiveOwner(c.listOwner())
	return task.TestOwner(live)
}

// testing reports whether what the caller sends reaches nobody.
func (c caller) testing() bool {
	_, test := task.LiveOwner(c.owner)
	return test
}

// nobody is no owner's name (task.CheckOwner): it keeps the zero caller away from what has no owner.
const nobody = "-"

// shown is the id by which the caller knows what is stored under an id.
func (c caller) shown(stored string) string {
	if c.admin {
		return stored
	}
	_, id := task.SplitOwned(stored)
	return id
}

// person is how the caller is named as who made or approved something.
func (c caller) person() string { return "token:" + c.name }

// owns reports whether what is stored under an id is the caller's.
func (c caller) owns(stored string) bool {
	owner, _ := task.SplitOwned(stored)
	return c.admin || owner == c.listOwner()
}

// listOwner is whose lists the caller sees: an owner's, or all where it is empty.
func (c caller) listOwner() string {
	if c.admin {
		return ""
	}
	return cmp.Or(c.owner, nobody)
}

// accepted answers a call that stored something.
func (c caller) accepted(collection string, stored enqueue.Receipt) *AcceptedOutput {
	id := c.shown(stored.ID)
	out := &AcceptedOutput{Location: collection + "/" + id, Body: Accepted{ID: id}}
	if stored.Already {
		out.Replayed = "true"
	}
	return out
}

// wholeList refuses a list that shows what all owners have.
func (c caller) wholeList() error {
	if c.admin {
		return nil
	}
	return problem(http.StatusForbidden, "insufficient_scope", "the token lacks the scope %s, which the whole list needs", ScopeAdmin)
}

// checkBulk is checkSending for every message of a bulk.
func (c caller) checkBulk(d bulk.Definition) error {
	var f fault.List
	for i, p := range d.Messages {
		f.Join(fault.Pointer("messages", i), c.sendingFaults(p.Channel, p.From, d.Country))
	}
	return forbidden(f)
}

// checkSending refuses a channel or a sender that the caller's token doesn't allow.
func (c caller) checkSending(channel message.Channel, from, country string) error {
	return forbidden(fault.In(c.sendingFaults(channel, from, country)))
}

func forbidden(f fault.List) error {
	if len(f) == 0 {
		return nil
	}
	return withFaults(problem(http.StatusForbidden, "sender_not_allowed", "the token may not send so: herald token list shows what it may"), f)
}

func (c caller) sendingFaults(channel message.Channel, from, country string) error {
	var f fault.List
	if len(c.channels) > 0 && !slices.Contains(c.channels, channel) {
		f.Add("/channel", fault.NotAllowed, "the token may send by %s", message.Join(c.channels, "and"))
	}
	if len(c.from) > 0 && from != "" && !slices.ContainsFunc(c.from, func(rule string) bool { return matchesSender(rule, channel, from, country) }) {
		f.Add("/from", fault.NotAllowed, "the token may send as %s", message.Join(c.from, "or"))
	}
	return f.Err()
}

// anyOf begins the rule that allows all senders of a domain, as entries of the suppression list do.
const anyOf = "*@"

// checkSenderRule reports whether a token's From can be read.
func checkSenderRule(rule string) error {
	if rule == "" || strings.ContainsAny(rule, ";,# \t\r\n") {
		return errors.New("from: want addresses without a name, or *@ and a domain")
	}
	if strings.Contains(rule, "@") {
		if _, err := mailboxRule(rule); err != nil {
			return fmt.Errorf("from: %w", err)
		}
	}
	return nil
}

// mailboxRule is the key of the mailbox that a rule allows; for all of a domain, of one mailbox in it.
func mailboxRule(rule string) (string, error) {
	if domain, all := strings.CutPrefix(rule, anyOf); all {
		rule = "any@" + domain
	}
	a, err := address.ParseMailbox(rule)
	return address.Mailbox.Key(a.Addr), err
}

// matchesSender reports whether a rule allows a sender on a channel.
func matchesSender(rule string, channel message.Channel, from, country string) bool {
	switch channel.Address() {
	case address.Mailbox:
		want, err := mailboxRule(rule)
		a, err2 := address.ParseMailbox(from)
		if err != nil || err2 != nil || !strings.Contains(rule, "@") {
			return false
		}
		got := address.Mailbox.Key(a.Addr)
		if strings.HasPrefix(rule, anyOf) {
			return domainOf(got) == domainOf(want)
		}
		return got == want
	case address.Phone:
		want, err := phone.ParseSender(rule, "")
		got, err2 := phone.ParseSender(from, country)
		return err == nil && err2 == nil && want == got
	default:
		return rule == from
	}
}

func domainOf(mailbox string) string { return mailbox[strings.LastIndexByte(mailbox, '@')+1:] }
