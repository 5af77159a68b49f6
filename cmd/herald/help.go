package main

import (
	"slices"

	"github.com/alecthomas/kong"
)

// Which settings the help of a command shows. All of them can be given anywhere: one environment serves every command.
var (
	authorSettings = []string{"templates", "timezone", "locale"}
	clientSettings = append([]string{"redis-url", "log-level", "log-format"}, authorSettings...)
	// shownSettings are by the command's first word. A command that is not here shows all.
	shownSettings = map[string][]string{
		"demo": authorSettings, "token": {"api-tokens"}, "version": {}, "render": authorSettings, "preview": authorSettings, "explain": authorSettings,
		"lint": authorSettings, "test": authorSettings, "fields": authorSettings, "helpers": authorSettings,
		"send": clientSettings, "bulk": clientSettings, "forward": clientSettings, "cancel": clientSettings, "status": clientSettings, "find": append([]string{"country"}, clientSettings...),
		"events": clientSettings, "suppress": clientSettings, "erase": append([]string{"country", "erase-keys"}, clientSettings...), "dead": clientSettings,
	}
)

// printHelp leaves out the settings that a command has no use for.
func printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	shown, some := []string{}, true
	if ctx.Selected() != nil {
		shown, some = shownSettings[ctx.Path[1].Node().Name]
	}
	for _, flag := range ctx.Model.Flags {
		if some && flag.Group != nil && flag.Group.Key == settingsGroup {
			flag.Hidden = !slices.Contains(shown, flag.Name)
		}
	}
	return kong.DefaultHelpPrinter(o, ctx)
}
