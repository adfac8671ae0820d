package workspace

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// The security groups that every region of an account has.
const (
	edgeGroup    = "sg-0ed6e00000000000a"
	webGroup     = "sg-03eb00000000000a1"
	serviceGroup = "sg-05e4f1ce000000001"
	bastionGroup = "sg-0ba5710000000000a"
)

// furnish lays out the network of a region: subnets in each zone, security groups, a key, and instance profiles.
func furnish(f *awssim.Fleet) {
	for n, letter := range []string{"a", "b", "c"} {
		f.AddSubnet(awssim.Subnet{ID: privateSubnet(letter), Name: "private-" + letter, Zone: letter, CIDR: fmt.Sprintf("10.0.%d.0/20", 16*n)})
		f.AddSubnet(awssim.Subnet{ID: fmt.Sprintf("subnet-0b%d1c0000000000000", n), Name: "public-" + letter, Zone: letter,
			CIDR: fmt.Sprintf("10.0.%d.0/20", 128+16*n), Public: true})
	}
	f.AddSecurityGroup(awssim.SecurityGroup{ID: edgeGroup, Name: "edge", Description: "load balancers", Rules: []awssim.SecurityRule{
		{From: 443, To: 443, CIDR: "0.0.0.0/0", Note: "the world"}, {From: 443, To: 443, CIDR6: "::/0", Note: "the world"}}})
	f.AddSecurityGroup(awssim.SecurityGroup{ID: webGroup, Name: "web", Description: "web servers", Rules: []awssim.SecurityRule{
		{From: 80, To: 80, Group: edgeGroup, Note: "from the load balancer"}, {From: 22, To: 22, Group: bastionGroup, Note: "ssh"}}})
	f.AddSecurityGroup(awssim.SecurityGroup{ID: serviceGroup, Name: "services", Description: "everything behind the web servers", Rules: []awssim.SecurityRule{
		{From: 8080, To: 8080, Group: webGroup}, {From: 6379, To: 6379, Group: webGroup}, {From: 22, To: 22, Group: bastionGroup, Note: "ssh"}}})
	f.AddSecurityGroup(awssim.SecurityGroup{ID: bastionGroup, Name: "bastion", Description: "the way in", Rules: []awssim.SecurityRule{
		{From: 22, To: 22, CIDR: "192.0.2.0/24", Note: "the office"}}})
	f.AddKeyPair("ops")
	f.AddKeyPair("build")
	f.AddProfile("web")
	f.AddProfile("services")
	f.AddEncryptionKey("alias/fleet")
}

// privateSubnet is where a zone's machines are unless somebody says otherwise.
func privateSubnet(letter string) string {
	return "subnet-0" + strings.Repeat(letter, 16)
}

// startScript is what new machines run first. Its password is none.
const startScript = `#!/bin/sh
set -e
export APP_ENV=live
DB_PASSWORD=changeme-not-real
systemctl enable --now amazon-ssm-agent
logger "started as $(hostname)"
`

// settings are what templates hold besides image and type.
func settings(image string) map[string]string {
	group, profile := serviceGroup, "services"
	if image == "ami-0a1" {
		group, profile = webGroup, "web"
	}
	return map[string]string{
		"KeyName": "ops", "SecurityGroupId.1": group, "IamInstanceProfile.Name": profile,
		"UserData":                   base64.StdEncoding.EncodeToString([]byte(startScript)),
		"MetadataOptions.HttpTokens": "required",
	}
}
