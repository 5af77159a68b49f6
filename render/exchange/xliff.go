package exchange

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xliffSpace is the namespace of XLIFF 2.0, which 2.1 keeps.
const xliffSpace = "urn:oasis:names:tc:xliff:document:2.0"

// WriteXLIFF writes a sheet as XLIFF 2.0: a unit a snippet, whose segment has state initial (with the subState
// herald:outdated, where there is an older text) or final.
func WriteXLIFF(w io.Writer, s Sheet) error {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, "<xliff xmlns=%q version=\"2.0\" srcLang=%q trgLang=%q>\n  <file id=\"snippets\" xml:space=\"preserve\">\n", xliffSpace, s.From, s.To)
	for _, u := range s.Units {
		for _, text := range []string{u.Source, u.Target, u.Note} {
			if err := checkXML(text); err != nil {
				return fmt.Errorf("snippet %s: %w", u.Name, err)
			}
		}
		fmt.Fprintf(&b, "    <unit id=%q>\n", u.Name)
		if u.Note != "" {
			fmt.Fprintf(&b, "      <notes><note>%s</note></notes>\n", escaped(u.Note))
		}
		state := map[State]string{Missing: `state="initial"`, Outdated: `state="initial" subState="herald:outdated"`, Current: `state="final"`}[u.State]
		fmt.Fprintf(&b, "      <segment %s>\n        <source>%s</source>\n", state, escaped(u.Source))
		if u.State != Missing {
			fmt.Fprintf(&b, "        <target>%s</target>\n", escaped(u.Target))
		}
		b.WriteString("      </segment>\n    </unit>\n")
	}
	b.WriteString("  </file>\n</xliff>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// escaped is a text within an element. Line ends stay as they are; a carriage return would be lost.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;").Replace(s)
}

// checkXML refuses what XML can't hold.
func checkXML(s string) error {
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			return fmt.Errorf("XML can't hold the character %U: write CSV", r)
		}
	}
	return nil
}

// ReadXLIFF reads what WriteXLIFF wrote and a translator's tool may have written anew: a unit may have several segments,
// texts may have marks around them, other elements outside of texts are passed over. It reads no document type, so
// there are no entities that could grow; inline codes, which stand for text that is elsewhere, are refused.
func ReadXLIFF(data []byte) (Sheet, error) {
	if len(data) > MaxBytes {
		return Sheet{}, fmt.Errorf("the file has %d bytes; at most %d are read", len(data), MaxBytes)
	}
	r := &xliffReader{d: xml.NewDecoder(bytes.NewReader(data)), seen: map[string]bool{}}
	for {
		token, err := r.d.Token()
		if errors.Is(err, io.EOF) {
			if !r.root {
				return Sheet{}, errors.New("the file is no XLIFF")
			}
			return r.sheet, nil
		}
		if err == nil {
			err = r.take(token)
		}
		if err != nil {
			line, column := r.d.InputPos()
			return Sheet{}, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
	}
}

type xliffReader struct {
	d     *xml.Decoder
	sheet Sheet
	seen  map[string]bool // units
	root  bool
	path  []string         // local names of the open elements
	unit  *Unit            // that is open
	text  *strings.Builder // that is open: of a source or target
}

func (r *xliffReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("a document type is not read")
	case xml.StartElement:
		if r.path = append(r.path, t.Name.Local); len(r.path) > maxDepth {
			return fmt.Errorf("elements are more than %d deep", maxDepth)
		}
		return r.start(t)
	case xml.EndElement:
		r.path = r.path[:len(r.path)-1]
		return r.end(t)
	case xml.CharData:
		if r.text != nil {
			if r.text.Len()+len(t) > maxText {
				return fmt.Errorf("a text has more than %d bytes", maxText)
			}
			r.text.Write(t)
		}
	}
	return nil
}

func (r *xliffReader) start(t xml.StartElement) error {
	attribute := func(name string) string {
		for _, a := range t.Attr {
			if a.Name.Local == name && a.Name.Space == "" {
				return a.Value
			}
		}
		return ""
	}
	if len(r.path) == 1 {
		if t.Name.Local != "xliff" || t.Name.Space != xliffSpace {
			return errors.New("the file is no XLIFF 2: want <xliff xmlns=\"" + xliffSpace + "\">")
		}
		r.root, r.sheet.From, r.sheet.To = true, attribute("srcLang"), attribute("trgLang")
		if r.sheet.To == "" {
			return errors.New("trgLang is missing: which language is it?")
		}
		return nil
	}
	if r.text != nil {
		return r.inline(t.Name.Local, attribute("hex"))
	}
	if t.Name.Space != xliffSpace {
		return nil
	}
	switch t.Name.Local {
	case "unit":
		id := attribute("id")
		switch {
		case r.unit != nil:
			return errors.New("a unit within a unit")
		case r.seen[id]:
			return fmt.Errorf("the unit %.100q stands here twice", id)
		case len(r.seen) >= maxUnits:
			return fmt.Errorf("more than %d units", maxUnits)
		}
		r.seen[id] = true
		r.unit = &Unit{Name: id, State: Missing}
	case "segment":
		if r.unit != nil && r.unit.State != Outdated && attribute("subState") == "herald:outdated" && attribute("state") == "initial" {
			r.unit.State = Outdated
		}
	case "source", "target":
		if r.unit != nil {
			r.text = &strings.Builder{}
		}
	}
	return nil
}

// inline takes an element within a text.
func (r *xliffReader) inline(name, hex string) error {
	switch name {
	case "mrk", "sm", "em":
		return nil
	case "cp":
		code, err := strconv.ParseUint(hex, 16, 32)
		if err != nil || code > utf8.MaxRune || !utf8.ValidRune(rune(code)) {
			return fmt.Errorf("cp has no character %.20q", hex)
		}
		r.text.WriteRune(rune(code))
		return nil
	}
	return fmt.Errorf("the inline code <%.20s> in the unit %.100q stands for text that is not there: export texts without such codes", name, r.unit.Name)
}

func (r *xliffReader) end(t xml.EndElement) error {
	switch name := t.Name.Local; {
	case name == "unit" && r.unit != nil && t.Name.Space == xliffSpace:
		if r.unit.State == Missing && r.unit.Target != "" {
			r.unit.State = Current
		}
		r.sheet.Units = append(r.sheet.Units, *r.unit)
		r.unit = nil
	case name == "source" && r.text != nil:
		r.unit.Source += r.text.String()
		r.text = nil
	case name == "target" && r.text != nil:
		r.unit.Target += r.text.String()
		r.text = nil
	}
	if r.unit != nil && len(r.unit.Source)+len(r.unit.Target) > 4*maxText {
		return fmt.Errorf("the unit %.100q is too long", r.unit.Name)
	}
	return nil
}
