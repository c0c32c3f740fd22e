//! The roles of the cache groups, and the table by which a job finds its group.
//!
//! A role's name is known without asking anybody: `STACK_REGION_GROUP_r` reads, `STACK_REGION_GROUP_w` writes.

use std::fmt::Write as _;

use fleet::PoolMap;
use fleet::pools::CacheGroup;

use super::without_dashes;

/// Two roles for each group.
pub(super) fn roles(pools: &PoolMap) -> String {
    let each = pools.caches().iter();
    each.flat_map(|(name, group)| [role(name, group, &READER), role(name, group, &WRITER)]).collect()
}

/// What one of a group's roles may do, and for whose tokens.
struct Role {
    id: &'static str,
    end: &'static str,
    says: &'static str,
    /// What it does to the objects.
    actions: &'static str,
    /// How the `sub` of its tokens ends, for each pattern of branches.
    ends: fn(&CacheGroup) -> Vec<String>,
}

const READER: Role =
    Role { id: "Reader", end: "r", says: "Reads", actions: "s3:GetObject", ends: |_| vec!["*".to_owned()] };

const WRITER: Role = Role {
    id: "Writer",
    end: "w",
    says: "Reads and writes",
    actions: "[s3:GetObject, s3:PutObject, s3:AbortMultipartUpload]",
    ends: |group| group.branches.iter().map(|branch| format!("*:ref:refs/heads/{branch}")).collect(),
};

fn role(name: &str, group: &CacheGroup, role: &Role) -> String {
    let Role { id, end, says, actions, .. } = role;
    let ids: Vec<String> = group.repositories.iter().map(|it| format!("\"{}\"", it.id)).collect();
    // The organisation, and in the newer form its id behind an @.
    let subs = (role.ends)(group)
        .into_iter()
        .flat_map(|sub| [format!("repo:${{Organisation}}/{sub}"), format!("repo:${{Organisation}}@*/{sub}")]);
    let prefixes = || group.repositories.iter().map(|it| format!("cache/${{Organisation}}/{}/*", it.name));
    let listed = |indent: usize, values: Vec<String>| {
        values
            .iter()
            .fold(String::new(), |text, value| text + &" ".repeat(indent) + "- !Sub \"" + value + "\"\n")
    };
    let subs = listed(18, subs.collect());
    let objects = prefixes().map(|prefix| format!("${{Bucket.Arn}}/{prefix}")).collect();
    let (objects, listings) = (listed(18, objects), listed(22, prefixes().collect()));
    let ids = ids.join(", ");
    format!(
        "{id}{logical}:
  Type: AWS::IAM::Role
  Properties:
    RoleName: !Sub ${{Name}}_${{AWS::Region}}_{name}_{end}
    Description: {says} the dependency cache of the group {name}.
    PermissionsBoundary: !If [HasPermissionsBoundary, !Ref PermissionsBoundary, !Ref AWS::NoValue]
    Tags:
      - Key: mayfly:stack
        Value: !Ref Name
    AssumeRolePolicyDocument:
      Version: \"2012-10-17\"
      Statement:
        - Effect: Allow
          Principal:
            Federated: !If [MakesProvider, !Ref Provider, !Ref GitHubOidcProviderArn]
          Action: sts:AssumeRoleWithWebIdentity
          Condition:
            StringEquals:
              token.actions.githubusercontent.com:aud: sts.amazonaws.com
              token.actions.githubusercontent.com:repository_id: [{ids}]
            StringLike:
              token.actions.githubusercontent.com:sub:
{subs}    Policies:
      - PolicyName: cache
        PolicyDocument:
          Version: \"2012-10-17\"
          Statement:
            - Sid: Objects
              Effect: Allow
              Action: {actions}
              Resource:
{objects}            - Sid: Listing
              Effect: Allow
              Action: s3:ListBucket
              Resource: !GetAtt Bucket.Arn
              Condition:
                StringLike:
                  s3:prefix:
{listings}",
        logical = without_dashes(name),
    )
}

/// What a job's hook reads: where the cache is, how the roles' names begin, and each group's repositories and
/// branches. Nothing, if there is no group.
pub(super) fn table(pools: &PoolMap) -> String {
    if pools.caches().is_empty() {
        return String::new();
    }
    let groups = pools.caches().iter().map(|(name, group)| {
        let ids: Vec<u64> = group.repositories.iter().map(|it| it.id).collect();
        serde_json::json!({"name": name, "ids": ids, "branches": group.branches}).to_string()
    });
    let groups: Vec<String> = groups.collect();
    let role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Name}_${AWS::Region}_";
    let mut text = "- Name: MAYFLY_CACHES\n".to_owned();
    let _ = writeln!(
        text,
        "  Value: !Sub '{{\"bucket\":\"${{CacheBucket}}\",\"region\":\"${{AWS::Region}}\",\"roles\":\"{role}\",\"groups\":[{}]}}'",
        groups.join(",")
    );
    text
}
