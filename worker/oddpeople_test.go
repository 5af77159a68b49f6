package worker

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
)

// oddPeople are people of one kind or another, drawn at random.
type oddPeople struct {
	*rand.Rand
	files []message.Ref // small, and at the limits
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (p oddPeople) email(n int) string {
	user := "user" + strconv.Itoa(n)
	if p.IntN(3) == 0 {
		return user + "@example.com"
	}
	return pick(p.Rand,
		user+"@example.com", `"Lovelace, Ada" <`+user+"@example.com>", strings.ToUpper(user)+"@Example.COM",
		user+"@münchen.example", "user1@example.com", "USER1@EXAMPLE.com", "spy@rival.example", "gone@example.com", "", "nobody", "a@@b.example",
		strings.Repeat("x", 65)+"@example.com", user+"@example.com\r\nBcc: x@example.com", "\u202a"+user+"@example.com\u202c", user+"@localhost", user+"@192.0.2.1",
		"Ada\u202e <"+user+"@example.com>", " "+user+"@example.com ", user+".@example.com", "=?utf-8?q?x?= <"+user+"@example.com>",
	)
}

func (p oddPeople) phone(n int) string {
	number := "+1415555" + fmt.Sprintf("%04d", n)
	if p.IntN(3) == 0 {
		return number
	}
	return pick(p.Rand,
		number, "+14155550001", "+1 415 555 0001", "+1 (415) 555-0001", "\u202a"+number+"\u202c", "\u2068"+number+"\u2069", number+"\u200b",
		"+1‑415‑555‑"+number[8:], "+１４１５５５５"+number[8:], "tel:"+number, "00"+number[1:], "+44 (0)7912 345678", "+447912345678", "4.47912E+11", "447912345678",
		"0151 1234567", "abc", "+", "", "+1415", number+" ext. 5", strings.Repeat("1", 300), "+1\x004155550100", number[1:],
	)
}

func (p oddPeople) conversation(n int) string {
	if p.IntN(3) > 0 {
		return fmt.Sprintf("c%d", n)
	}
	return pick(p.Rand, "c1", "", "a b/ü", strings.Repeat("c", 200), strings.Repeat("c", 201), "x\ny", "\u2068c\u2069")
}

func (p oddPeople) recipient(n int) bulk.Recipient {
	custom := map[string]any{"subjectStr": "order", "textTxt": "short", "sinceAt": "2026-02-03T09:15:00Z"}
	switch p.IntN(16) {
	case 0:
		delete(custom, pick(p.Rand, "subjectStr", "textTxt", "sinceAt"))
	case 1:
		custom["sinceAt"] = pick[any](p.Rand, "yesterday", 12, nil, true)
	case 2:
		custom["textTxt"] = strings.Repeat(pick(p.Rand, "x", "é", "漢", "😀"), pick(p.Rand, 1500, 1580, 1600, 1800, 40_000))
	case 3:
		custom["subjectStr"] = pick(p.Rand, strings.Repeat("x", 1200), "\u2068Ada\u2069", "a\r\nBcc: x@example.com", "\u202eevil", "tab\there", "é")
	case 4:
		custom["emptyBool"] = true
	case 5:
		custom["textTxt"] = pick[any](p.Rand, "{{customer.custom.subjectStr}} [[sn.bye]]", "nul\u0000", 9007199254740993, []int{1, 2}, map[string]any{"a": 1}, "")
	}
	if n%500 == 7 {
		custom["textTxt"] = strings.Repeat("'", 200_000) // escaped, it is over the output's limit
	}
	customer := map[string]any{"id": n, "custom": custom}
	if p.IntN(10) > 0 {
		customer["firstName"] = pick(p.Rand, "Ada", "Bob", "Zoë", "<b>Cleo</b>", "\u2067Dan", "")
	}
	all := map[string]any{"customer": customer}
	if p.IntN(3) == 0 {
		all["conversation"] = map[string]any{"id": pick[any](p.Rand, "k1", 17, "", strings.Repeat("k", 201), nil, []int{1})}
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	r := bulk.Recipient{
		Email: p.email(n), Phone: p.phone(n), Conversation: p.conversation(n), Context: data,
		Locale: pick(p.Rand, "", "", "fr", "de-at", "xx"), Timezone: pick(p.Rand, "", "", "Europe/Berlin"),
	}
	switch {
	case n%97 == 0: // each of these is read and checked for every channel
		r.Attachments = []message.Ref{p.files[n/97%len(p.files)]}
	case n%331 == 0:
		r.Attachments = []message.Ref{p.files[0], p.files[n/331%len(p.files)]}
	case n%61 == 0:
		r.Attachments = []message.Ref{pick(p.Rand,
			message.Ref{Name: "a.txt", Inline: "aGVsbG8="}, message.Ref{Name: "a.exe", Inline: "aGVsbG8="}, message.Ref{Name: "a.pdf", Inline: "aGVsbG8="},
			message.Ref{Blob: strings.Repeat("0", 64), Name: "gone.txt"}, message.Ref{File: "../x"},
			message.Ref{Name: "e.txt", Blob: blob.Hash(nil)}, message.Ref{Name: "a.gif", Inline: "R0lGODlhAQABAAAAACw="},
		)}
	}
	return r
}

// storedFiles are files at the limits: one as large as one may be, one larger, and two that are too large together.
func storedFiles(t *testing.T, s *site) []message.Ref {
	t.Helper()
	var refs []message.Ref
	for _, size := range []int{message.MaxFile, message.MaxFile + 1, message.MaxFileTotal - message.MaxFile, message.MaxFileTotal - message.MaxFile + 1, 10} {
		ref, err := s.client.Attach(t.Context(), fmt.Sprintf("f%d.pdf", size), "", append([]byte("%PDF-1.7\n"), make([]byte, size-9)...))
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	return refs
}
