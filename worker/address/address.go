// Package address defines what an address is: how each kind is read, the form in which it is sent, and the key that
// all spellings of it share. Sending, suppression, deduplication and comparisons use it.
//
// Reading phone numbers needs the numbering plans of all countries, several megabytes. They are in package phone,
// which comes in as an argument, so that a program that only enqueues doesn't link them.
package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of an address.
type Kind string

// The kinds.
const (
	Mailbox      Kind = "mailbox"      // of an email
	Phone        Kind = "phone"        // a number in E.164
	Conversation Kind = "conversation" // an id of another system
)

// Address is the sender or a recipient of a message. Name is for people; only a mailbox has one, and it may be empty.
// Addr is the form that is sent. For a mailbox that is `local@domain`, with the domain in lower case and punycode and
// the local part as given (it may hold letters beyond ASCII, which only a server with SMTPUTF8 takes). For a phone
// number it is E.164, such as +447912345678; for a conversation its id.
type Address struct {
	Name string `json:"name,omitempty"`
	Addr string `json:"addr"`
}

// MaxLength is how long an address may be without its name, in bytes (RFC 5321).
const MaxLength = 254

// String is the address for people: `Name <addr>`. It is not safe as a mail header: the email channel encodes its own.
func (a Address) String() string {
	if a.Name == "" {
		return a.Addr
	}
	return a.Name + " <" + a.Addr + ">"
}

// Domain is the part of a mailbox after the @.
func (a Address) Domain() string {
	return a.Addr[strings.LastIndexByte(a.Addr, '@')+1:]
}

// PhoneParser reads a phone number and returns it in E.164; phone.Parse is one. country is the ISO 3166 code for
// numbers without a country's code; without country these are errors.
type PhoneParser func(text, country string) (string, error)

// Parser reads addresses of every kind. The zero value reads all but phone numbers.
type Parser struct {
	Phones  PhoneParser
	Country string // for phone numbers without a country's code; empty for none
}

// Parse reads an address. Parsing its result again gives the same.
func (p Parser) Parse(kind Kind, text string) (Address, error) {
	switch kind {
	case Mailbox:
		return ParseMailbox(text)
	case Phone:
		if p.Phones == nil {
			return Address{}, errors.New("nothing is set up to read phone numbers")
		}
		number, err := p.Phones(text, p.Country)
		return Address{Addr: number}, err
	default:
		id, err := parseID(text)
		return Address{Addr: id}, err
	}
}

// Key is the key of an address: the same for two addresses that reach the same person. addr is in the form that is
// sent. By the standard, mail servers may distinguish `Ada@` from `ada@`; in practice they don't, so case doesn't
// count.
func (k Kind) Key(addr string) string {
	if k == Mailbox {
		return mailboxKey(addr)
	}
	return addr
}

// parseID reads a conversation's id: the other system's text, without blanks and invisible characters around it.
func parseID(text string) (string, error) {
	id := trim(text)
	switch {
	case id == "":
		return "", errors.New("the id is empty")
	case len(id) > MaxLength:
		return "", fmt.Errorf("the id is %d bytes long, at most %d", len(id), MaxLength)
	case !utf8.ValidString(id):
		return "", errors.New("the id is not valid UTF-8")
	}
	for _, r := range id {
		if !unicode.IsPrint(r) {
			return "", fmt.Errorf("the id holds the character %U", r)
		}
	}
	return id, nil
}

// CheckCountry wants an ISO 3166 code or nothing. Package phone knows whether there is such a country.
func CheckCountry(code string) error {
	if code == "" || len(code) == 2 && 'A' <= code[0] && code[0] <= 'Z' && 'A' <= code[1] && code[1] <= 'Z' {
		return nil
	}
	return fmt.Errorf("%.100q is not a country's code of two capital letters (ISO 3166), such as GB", code)
}
