package say

import (
	"strings"
	"testing"
)

// TestWhatAWSCouldNotLaunchHasANextStep, in the words that EC2 and Auto Scaling use for it.
func TestWhatAWSCouldNotLaunchHasANextStep(t *testing.T) {
	const limit, short, full = "limit of the account: ask AWS for a higher one", "no machine of that type", "The subnet is full"
	for words, want := range map[string]string{
		"You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Launching EC2 instance failed.": limit,
		"You have requested more instances (51) than your current instance limit of 50 allows for the specified instance type.":                                                               limit,
		"Max spot instance count exceeded. Launching EC2 instance failed.":                                                                                                                    limit,
		"You've reached your quota for maximum Fleet Requests for this account.":                                                                                                              limit,
		"We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a).":                                                                          short,
		"There is no Spot capacity available that matches your request. Launching EC2 instance failed.":                                                                                       short,
		"There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances.":                                                                              full,
		"The image id 'ami-1' does not exist. Launching EC2 instance failed.":                                                                                                                 "",
		"Instance failed to complete user's Lifecycle Action.":                                                                                                                                "",
	} {
		got := string(Remedy(words))
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s\ngot %q, want %q", words, got, want)
		}
	}
}
