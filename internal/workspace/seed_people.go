package workspace

import "github.com/amiral-ops/amiral/internal/workspace/slacksim"

// people are the options of the seeded Slack: a team called Harbour and the app it has installed.
func people(opts Options) slacksim.Options {
	return slacksim.Options{
		Team:     slacksim.Team{ID: "T0HARBOUR", Name: "Harbour", Domain: "harbour"},
		App:      app(opts.Commands),
		Users:    users(),
		Channels: channels(),
		Groups: []slacksim.Group{
			{ID: "S0SRE", Handle: "sre", Name: "Site reliability", Users: []string{"sre", "sre2"}},
			{ID: "S0OWNERS", Handle: "owners", Name: "Service owners", Users: []string{"lead", "sre2"}},
			{ID: "S0ONCALL", Handle: "oncall", Name: "On call this week", Users: []string{"sre2"}},
			{ID: "S0SECURITY", Handle: "security", Name: "Security", Users: []string{"sec", "sec2"}},
		},
	}
}

func app(commands []slacksim.Command) slacksim.App {
	if len(commands) == 0 {
		commands = []slacksim.Command{
			{Command: "/asg", Description: "Look at and change Auto Scaling groups", UsageHint: "list | show <group> | rollout <group> --image <ami>", ShouldEscape: true},
			{Command: "/amiral", Description: "Ask amiral about itself and its work", UsageHint: "help | status", ShouldEscape: true},
		}
	}
	return slacksim.App{
		ID: "A0AMIRAL", Name: "amiral", BotUserID: "U0AMIRAL", BotName: "amiral", BotID: "B0AMIRAL",
		BotToken: "xoxb-local", AppToken: "xapp-local", Commands: commands,
		Scopes: []string{
			"commands", "chat:write", "app_mentions:read", "im:history", "users:read", "usergroups:read",
			"channels:read", "groups:read", "im:write", "reactions:write", "files:read",
		},
		Events: []string{
			"app_mention", "message.im", "app_home_opened", "subteam_members_changed", "subteam_updated",
			"user_change", "app_uninstalled", "tokens_revoked",
		},
	}
}

func users() []slacksim.User {
	return []slacksim.User{
		{ID: "U0DEV", Name: "dev", RealName: "Dana Ortiz", Title: "Developer", Initials: "DO"},
		{ID: "U0SRE", Name: "sre", RealName: "Sam Okafor", Title: "Site reliability", Initials: "SO"},
		{ID: "U0SRE2", Name: "sre2", RealName: "Priya Nair", Title: "Site reliability", Initials: "PN"},
		{ID: "U0LEAD", Name: "lead", RealName: "Lee Hansen", Title: "Service owner", Initials: "LH", IsAdmin: true},
		{ID: "U0SEC", Name: "sec", RealName: "Sasha Brandt", Title: "Security", Initials: "SB"},
		{ID: "U0SEC2", Name: "sec2", RealName: "Tomas Reyes", Title: "Security", Initials: "TR"},
		{ID: "U0GUEST", Name: "guest", RealName: "Gus Marlow", Title: "Contractor", Initials: "GM", IsRestricted: true},
		{ID: "U0STRANGER", Name: "stranger", RealName: "Sky Lindqvist", Title: "Another company", Initials: "SL", TeamID: "T0ELSEWHERE", IsStranger: true},
		{ID: "U0INTERN", Name: "intern", RealName: "Ira Castell", Title: "Left in August", Initials: "IC", Deleted: true},
	}
}

func channels() []slacksim.Channel {
	team := []string{"dev", "sre", "sre2", "lead", "sec", "sec2", "guest", "amiral"}
	return []slacksim.Channel{
		{ID: "C0DEPLOYS", Name: "deploys", Topic: "Changes to *production*", Members: team},
		{ID: "C0STAGING", Name: "staging", Topic: "Changes to *staging*: try it here first", Members: team},
		{ID: "C0ALERTS", Name: "fleet-alerts", Topic: "What amiral finds wrong with the fleet", Members: team},
		{ID: "C0SECURITY", Name: "security", Topic: "What was done *without the usual approvals*, and who looked at it", Members: []string{"sec", "sec2", "sre2", "lead", "amiral"}},
		{ID: "C0RANDOM", Name: "random", Topic: "Anything else", Members: []string{"dev", "sre", "sre2", "lead", "guest", "stranger"}, IsExtShared: true},
		{ID: "C0INCIDENT", Name: "incident", Topic: "The one in progress", IsPrivate: true, Members: []string{"sre", "sre2", "lead", "amiral"}},
	}
}
