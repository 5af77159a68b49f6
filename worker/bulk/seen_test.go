package bulk

import (
	"fmt"
	"testing"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/message"
)

// Addresses are told apart, and known again after the table has grown many times.
func TestSeen(t *testing.T) {
	var s Seen
	for row := 1; row <= 200_000; row++ {
		if first := s.Put(fmt.Sprint("address ", row), row); first != 0 {
			t.Fatalf("row %d was taken for row %d", row, first)
		}
	}
	for row := 1; row <= 200_000; row += 7 {
		if first := s.Put(fmt.Sprint("address ", row), 300_000); first != row {
			t.Fatalf("row %d came first at %d", row, first)
		}
	}
}

// Who comes again is marked on the channel where the address is the same, and nobody is left out.
func TestDeduplicate(t *testing.T) {
	audience := func(yield func(Recipient, error) bool) {
		for _, r := range []Recipient{
			{Email: "ada@example.com", Phone: "+49 151 12345678"},
			{Email: "Ada <ADA@example.com>", Phone: "+4915112345679"},
			{Email: "bob@example.com", Phone: "0151-12345678"},
			{}, {},
			{Email: "nobody", Phone: "4.9E+11"}, {Email: "nobody", Phone: "4.9E+11"}, // their messages fail for that
		} {
			if !yield(r, nil) {
				return
			}
		}
	}
	var got []string
	for r, err := range Deduplicate(audience, []message.Channel{message.SMS, message.Email}, phone.Parser("DE")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.Duplicate(0), r.Duplicate(1)))
	}
	if want := "[false false false true true false false false false false false false false false]"; fmt.Sprint(got) != want {
		t.Errorf("sms and email: %v, want %s", got, want)
	}
}
