"""Update the stack with rollback triggers: `make deploy ROLLBACK=1`.

CloudFormation then rolls the update back if one of the stack's alarms fires within 20 minutes.
`sam deploy` has no option for this, so it is done by CloudFormation's CreateChangeSet, with
`RollbackConfiguration`, and ExecuteChangeSet.
"""
