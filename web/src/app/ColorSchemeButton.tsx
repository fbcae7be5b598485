import { Button, Tooltip } from "@fluentui/react-components";
import { WeatherMoon20Regular } from "@fluentui/react-icons/svg/weather-moon";
import { WeatherSunny20Regular } from "@fluentui/react-icons/svg/weather-sunny";
import { useColorScheme } from "./theme.tsx";

/** Changes between light and dark. */
export function ColorSchemeButton() {
  const { scheme, toggle } = useColorScheme();
  const label = scheme === "light" ? "Use dark colors" : "Use light colors";
  const icon = scheme === "light" ? <WeatherMoon20Regular /> : <WeatherSunny20Regular />;
  return (
    <Tooltip content={label} relationship="label">
      <Button appearance="subtle" icon={icon} onClick={toggle} />
    </Tooltip>
  );
}
