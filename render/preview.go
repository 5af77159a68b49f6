package render

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/heraldsend/herald/render/sms"
)

// Preview is what one recipient would get in every channel, made by the same
// calls as what is sent.
type Preview struct {
	Shortcut Shortcut         `json:"shortcut"` // as bundled
	Name     string           `json:"name"`     // with its dynamic text filled in
	Locale   string           `json:"locale"`
	Channels []ChannelPreview `json:"channels"`
}

// ChannelPreview is one channel of a preview.
type ChannelPreview struct {
	Content  *Content     `json:"content"`
	Snippets []SnippetUse `json:"snippets,omitempty"`
	Total    int          `json:"attachmentBytes"` // of all attachments
	TooLarge []string     `json:"tooLarge,omitempty"`
}

// Preview renders for the channels that are asked for, all if none. The
// request's own channel is not looked at.
func (p *Prepared) Preview(ctx context.Context, req Request, channels ...Channel) (*Preview, error) {
	if len(channels) == 0 {
		channels = Channels()
	}
	out := &Preview{Shortcut: p.bundle.Shortcut, Locale: p.locale(req.Locale).name}
	name, err := p.Title(ctx, req)
	if err != nil {
		return nil, err
	}
	out.Name = name
	for _, channel := range channels {
		req.Channel = channel
		content, err := p.Render(ctx, req)
		if err != nil {
			return nil, err
		}
		x, err := p.Explain(ctx, req)
		if err != nil {
			return nil, err
		}
		c := ChannelPreview{Content: content, Snippets: x.Uses}
		for _, a := range content.Attachments {
			c.Total += a.Size
			if a.Size > maxFileBytes {
				c.TooLarge = append(c.TooLarge, a.Name)
			}
		}
		out.Channels = append(out.Channels, c)
	}
	return out, nil
}

// WriteJSON writes everything as one object.
func (p *Preview) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// WriteText writes the preview for a terminal. Control characters of values
// were dropped when they were rendered.
func (p *Preview) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", p.Name, p.Locale)
	for i := range p.Channels {
		p.Channels[i].write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *ChannelPreview) write(b *strings.Builder) {
	content := c.Content
	fmt.Fprintf(b, "\n── %s %s\n", content.Channel, strings.Repeat("─", max(4, 60-len(content.Channel))))
	if content.Channel == Email {
		fmt.Fprintf(b, "Subject:   %s\n", content.Subject)
		if content.Preheader != "" {
			fmt.Fprintf(b, "Preheader: %s\n", content.Preheader)
		}
		fmt.Fprintf(b, "HTML:      %d bytes\n", len(content.HTML))
	}
	if s := content.SMS; s != nil {
		fmt.Fprintf(b, "Segments:  %d, %s, %d units, %d left in the last\n", s.Segments, s.Encoding, s.Units, s.Left)
		if s.Encoding == sms.UCS2 {
			fmt.Fprintf(b, "Unicode:   %s\n", forcingList(s.Forcing))
		}
	}
	if len(content.Attachments) > 0 {
		fmt.Fprintf(b, "Attached:  %s\n", c.attachments())
	}
	if len(c.Snippets) > 0 {
		fmt.Fprintf(b, "Snippets:  %s\n", snippetList(c.Snippets))
	}
	for _, issue := range content.Issues {
		fmt.Fprintf(b, "Issue:     %s", issue.Message)
		if issue.Line > 0 {
			fmt.Fprintf(b, " (%s:%d:%d)", issue.Template, issue.Line, issue.Column)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + strings.TrimRight(content.Text, "\n") + "\n")
}

func (c *ChannelPreview) attachments() string {
	var list []string
	for _, a := range c.Content.Attachments {
		entry := fmt.Sprintf("%s %s", a.Name, bytesText(a.Size))
		if a.Size > maxFileBytes {
			entry += " (over the limit of " + bytesText(maxFileBytes) + ")"
		}
		list = append(list, entry)
	}
	text := strings.Join(list, ", ") + fmt.Sprintf("; %s of %s", bytesText(c.Total), bytesText(maxTotalBytes))
	if c.Total > maxTotalBytes {
		text += " (over the limit)"
	}
	return text
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

func forcingList(all []sms.Forcing) string {
	var list []string
	for i, f := range all {
		if i == 8 {
			list = append(list, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		entry := quote(f.Text)
		if f.Swap != "" {
			entry += " (" + quote(f.Swap) + " would do)"
		}
		list = append(list, entry)
	}
	return strings.Join(list, ", ")
}

func snippetList(uses []SnippetUse) string {
	list := make([]string, len(uses))
	for i, use := range uses {
		list[i] = use.Name + " " + use.Language
		if use.Fallback {
			list[i] += " (fallback)"
		}
	}
	return strings.Join(list, ", ")
}
