/** What a person calls a catalog's types, and the icon each goes by. */
import { BrainCircuit20Regular } from "@fluentui/react-icons/svg/brain-circuit";
import { Cube20Regular } from "@fluentui/react-icons/svg/cube";
import { Database20Regular } from "@fluentui/react-icons/svg/database";
import { Document20Regular } from "@fluentui/react-icons/svg/document";
import { Flash20Regular } from "@fluentui/react-icons/svg/flash";
import { Flow20Regular } from "@fluentui/react-icons/svg/flow";
import { Play20Regular } from "@fluentui/react-icons/svg/play";
import { Server20Regular } from "@fluentui/react-icons/svg/server";
import { Table20Regular } from "@fluentui/react-icons/svg/table";
import type { ComponentType } from "react";

export interface AssetType {
  label: string;
  Icon: ComponentType;
}

const TYPES: Readonly<Record<string, AssetType>> = {
  dataflow: { label: "Dataflow", Icon: Flow20Regular },
  dataflow_query: { label: "Dataflow query", Icon: Flow20Regular },
  dataflow_table: { label: "Published table", Icon: Table20Regular },
  dataset: { label: "Dataset", Icon: Database20Regular },
  ml_endpoint: { label: "Endpoint", Icon: Flash20Regular },
  ml_job: { label: "Training job", Icon: Play20Regular },
  ml_model: { label: "Model", Icon: BrainCircuit20Regular },
  ml_model_version: { label: "Model version", Icon: BrainCircuit20Regular },
  ml_workspace: { label: "Workspace", Icon: Server20Regular },
};

/** The label and icon of a type; a type that the app was not told of goes by its own name. */
export function assetType(typeName: string, isProcess = false): AssetType {
  const known = TYPES[typeName];
  if (known !== undefined) return known;
  const words = typeName.replaceAll("_", " ");
  return { label: words.charAt(0).toUpperCase() + words.slice(1), Icon: isProcess ? Cube20Regular : Document20Regular };
}
