// Package address says what an address is: how each kind of it is read, the form in which it travels, and the key under
// which all spellings of it are the same. Whoever sends, suppresses, deduplicates or compares addresses asks here.
//
// Reading phone numbers needs the numbering plans of all countries, megabytes of them. They are in package phone, and
// come in as an argument: a program that only enqueues links none of them.
package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what sort of thing an address is.
type Kind string

// The kinds.
const (
	Mailbox      Kind = "mailbox"      // of an email
	Phone        Kind = "phone"        // a number in E.164
	Conversation Kind = "conversation" // an id that another system gave
)

// Address is who a message is from or goes to. Name is what people read; a mailbox alone has one, and it may be empty.
// Addr is the form that travels: for a mailbox `local@domain`, the domain in lower case and punycode, the local part
// as given (it may hold letters beyond ASCII, which only a server with SMTPUTF8 takes); for a phone number E.164, such
// as +447912345678; for a conversation its id.
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

// PhoneParser reads a phone number and gives it in E.164; phone.Parse is one. country is the ISO 3166 code for numbers
// without a country's code; where it is empty they are errors.
type PhoneParser func(text, country string) (string, error)

// Parser reads addresses of every kind. The zero value reads all but phone numbers.
type Parser struct {
	Phones  PhoneParser
	Country string // for phone numbers without a country's code; empty for none
}

// Parse reads an address. What it gives, read again, is the same.
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

// Key is under what an address is known: the same for two that reach the same person. addr is in the form that travels.
// Mail servers tell `Ada@` from `ada@` by the letter of the law and not in practice, so case doesn't count.
func (k Kind) Key(addr string) string {
	if k == Mailbox {
		return mailboxKey(addr)
	}
	return addr
}

// parseID reads a conversation's id. It is what the other system calls it, but for what stands invisibly around it.
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

// CheckCountry wants an ISO 3166 code or nothing. Whether there is such a country, package phone knows.
func CheckCountry(code string) error {
	if code == "" || len(code) == 2 && 'A' <= code[0] && code[0] <= 'Z' && 'A' <= code[1] && code[1] <= 'Z' {
		return nil
	}
	return fmt.Errorf("%.100q is not a country's code of two capital letters (ISO 3166), such as GB", code)
}
