package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
	"golang.org/x/term"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/message"
)

// Exit codes, as the README documents them.
const (
	exitOK     = 0 // done as asked
	exitFailed = 1 // not done; the reason is on standard error
	exitUsage  = 2 // the flags, the environment or the arguments are wrong; nothing was tried
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// terminal reports whether people watch what is written to standard error: progress goes there.
func (s stdio) terminal() bool {
	f, ok := s.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// helpVars are what flags and help say of channels and scopes.
func helpVars() kong.Vars {
	var names, holding []string
	for _, c := range message.Channels {
		names = append(names, string(c))
	}
	for _, c := range message.HeldChannels() {
		holding = append(holding, c.Spec().Title)
	}
	return kong.Vars{"channels": strings.Join(names, ","), "channelWords": message.Join(names, "or"), "holding": message.Join(holding, "and"), "scopes": joined(api.Scopes, ", ")}
}

// cli is the command line: settings that all commands share, and one command.
type cli struct {
	app.Settings `embed:""`

	Demo      demoCmd      `cmd:"" help:"Send a sample bulk to a mailbox in this process, and show what happened."`
	Worker    workerCmd    `cmd:"" help:"Consume the queue: render and send. Run as many as you like; SIGTERM drains."`
	Serve     serveCmd     `cmd:"" help:"Answer the HTTP API and the preview page."`
	Token     tokenCmd     `cmd:"" help:"Make, list and revoke the tokens of the API."`
	Send      sendCmd      `cmd:"" help:"Enqueue one message."`
	Status    statusCmd    `cmd:"" help:"Print the state of a message or forward."`
	Find      findCmd      `cmd:"" help:"List the messages to a person: single ones, those of bulks, forwards."`
	Show      showCmd      `cmd:"" help:"Show a message exactly as it was sent, and what became of it."`
	Prove     proveCmd     `cmd:"" help:"Make a message again and say whether it is the one that was sent."`
	Resolve   resolveCmd   `cmd:"" help:"Settle a message or forward in state unknown."`
	Cancel    cancelCmd    `cmd:"" help:"Cancel a message or forward that waits."`
	Pause     pauseCmd     `cmd:"" help:"Stop all sending, by all workers."`
	Resume    resumeCmd    `cmd:"" help:"Let all workers send again."`
	Rates     ratesCmd     `cmd:"" help:"Show or set how fast all workers together may send."`
	Bulk      bulkCmd      `cmd:"" help:"Enqueue a bulk, follow it, export the results."`
	Events    eventsCmd    `cmd:"" help:"List events that the endpoint has not taken, and send them again."`
	Forward   forwardCmd   `cmd:"" help:"Send the transcript of a conversation to people outside, or show it."`
	Intake    intakeCmd    `cmd:"" help:"Take the mails that come back: bounces, complaints, requests to be unsubscribed."`
	Suppress  suppressCmd  `cmd:"" help:"Manage the lists of addresses that must not be written to."`
	Erase     eraseCmd     `cmd:"" help:"Remove a person from everything that is stored."`
	Doctor    doctorCmd    `cmd:"" help:"Try every setting and say what is wrong, and what to do. Sends nothing."`
	Diagnose  diagnoseCmd  `cmd:"" help:"Pack what somebody needs who helps: settings without secrets, findings, figures."`
	HAR       harCmd       `cmd:"" name:"har" help:"Take the secrets out of what a browser recorded, and show what failed and what was slow."`
	Dead      deadCmd      `cmd:"" help:"Look at tasks that the workers gave up; retry or drop them."`
	Render    renderCmd    `cmd:"" help:"Render templates from standard input: one JSON object a line in, one a line out."`
	Init      initCmd      `cmd:"" help:"Make a first folder of templates." group:"authors"`
	New       newCmd       `cmd:"" help:"Begin a shortcut, a snippet or a layout." group:"authors"`
	Preview   previewCmd   `cmd:"" help:"Show what a customer gets from a shortcut on each channel." group:"authors"`
	Explain   explainCmd   `cmd:"" help:"Show where each piece of a message comes from." group:"authors"`
	Lint      lintCmd      `cmd:"" help:"Find mistakes in templates before a customer does." group:"authors"`
	Test      testCmd      `cmd:"" help:"Run the tests that stand beside the templates." group:"authors"`
	Shortcuts shortcutsCmd `cmd:"" help:"List the shortcuts by category, or search them." group:"authors"`
	Snippets  snippetsCmd  `cmd:"" help:"List snippets and what uses them; carry their texts to translators and back." group:"authors"`
	Import    importCmd    `cmd:"" help:"Make a folder of templates from what Kustomer, Zendesk, Intercom or Gorgias export." group:"authors"`
	Export    exportCmd    `cmd:"" help:"Write the templates as objects of Kustomer's API." group:"authors"`
	Fields    fieldsCmd    `cmd:"" help:"List the fields that templates may use." group:"authors"`
	Helpers   helpersCmd   `cmd:"" help:"List the helpers that templates may use, or explain one." group:"authors"`
	MCP       mcpCmd       `cmd:"" name:"mcp" help:"Let an assistant search, check and preview templates (Model Context Protocol). Changes nothing." group:"authors"`

	Version versionCmd `cmd:"" help:"Print the version."`
}

// usageError is a fault of the call itself.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// run is the whole program. Tests call it.
func run(ctx context.Context, args []string, getenv func(string) string, std stdio) int {
	redis.SetLogger(silent{}) // its lines repeat the errors that it returns
	err := parseAndRun(ctx, args, getenv, std)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		printError(std.err, err)
		return exitUsage
	default:
		printError(std.err, err)
		return exitFailed
	}
}

// printError prints each fault on a line of its own.
func printError(w io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != "" {
			fmt.Fprintf(w, "herald: %s\n", line)
		}
	}
}

// exited carries kong's wish to stop, after --help, up to parseAndRun.
type exited int

func parseAndRun(ctx context.Context, args []string, getenv func(string) string, std stdio) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if code, ok := p.(exited); !ok || code != exitOK {
				panic(p)
			}
			err = nil
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("herald"),
		kong.Description("Renders shortcuts and sends them. Start with `herald demo`. All settings: `herald worker --help`."),
		kong.Help(printHelp),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Resolvers(fromEnv(getenv)),
		helpVars(),
		kong.ExplicitGroups([]kong.Group{
			{Key: authorsGroup, Title: "Commands for template authors"},
			{Key: settingsGroup, Title: "Settings. Each is an environment variable too: --redis-url is HERALD_REDIS_URL."},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std, &c.Settings),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return usageError{fmt.Errorf("%w (`herald --help` lists what there is)", err)}
	}
	if err := c.Settings.CheckArgs(args); err != nil {
		return usageError{err}
	}
	c.Settings.ReadSecretFiles(getenv)
	if err := c.Settings.Check(); err != nil && !slices.Contains([]string{"doctor", "diagnose"}, command.Command()) { // which tell it
		return usageError{err}
	}
	return command.Run()
}

// settingsGroup marks the flags of app.Settings, authorsGroup the commands that need no queue.
const (
	settingsGroup = "settings"
	authorsGroup  = "authors"
)

// fromEnv gives every setting its environment variable: --redis-url is HERALD_REDIS_URL.
func fromEnv(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Group == nil || flag.Group.Key != settingsGroup {
			return nil, nil
		}
		if value := getenv(app.EnvName(flag.Name)); value != "" {
			return value, nil
		}
		return nil, nil
	})
}

// silent is go-redis's logger.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
