// Questions as JSON on stdin, decisions as JSON on stdout: "Allowed", "ImplicitlyDenied",
// "ExplicitlyDenied", or what is wrong with the question.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const installed = createRequire(`${process.argv[2]}/package.json`);
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const { isWildcardOnlyAction, runSimulation, runUnsafeSimulation } = await load(
  "@cloud-copilot/iam-simulate"
);

const { createValidatedPolicy, validateResourcePolicy, validateTrustPolicy } = await load("@cloud-copilot/iam-policy");

// As our key's own policy does: KMS asks roles only where that leaves it to the account.
const leftToTheAccount = createValidatedPolicy(
  {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::123456789012:root" },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  },
  validateResourcePolicy,
  { name: "key" }
);

const named = (documents) => documents.map((policy, number) => ({ name: `${number}`, policy }));

async function allowed({ action, resource, context, policies, boundary, checked }) {
  const everything = await isWildcardOnlyAction(...action.split(":"));
  const asked = {
    ...request(action, everything ? "*" : resource, context),
    identityPolicies: named(policies),
    ...(action.startsWith("kms:") ? { resourcePolicy: leftToTheAccount } : {}),
    ...(boundary ? { permissionBoundaryPolicies: named([boundary]) } : {}),
  };
  if (!checked) return runUnsafeSimulation(asked, {});
  const { resultType, overallResult, errors } = await runSimulation(asked, {});
  return resultType === "error" ? `${action} ${resource}: ${JSON.stringify(errors)}` : overallResult;
}

// Without validation, which knows no claims of GitLab's tokens.
function trusted({ principal, role, action, context, trust }) {
  const asked = { ...request(action, role, context), identityPolicies: [] };
  asked.request.principal = principal;
  const resourcePolicy = createValidatedPolicy(trust, validateTrustPolicy, { name: "trust" });
  return runUnsafeSimulation({ ...asked, resourcePolicy }, {});
}

function request(action, resource, contextVariables) {
  const accountId = "123456789012";
  const principal = `arn:aws:iam::${accountId}:role/asked`;
  return {
    request: { principal, action, resource: { resource, accountId }, contextVariables },
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

const decisions = [];
for (const one of JSON.parse(await text(process.stdin)))
  decisions.push(await ("trust" in one ? trusted(one) : allowed(one)));
process.stdout.write(JSON.stringify(decisions));
