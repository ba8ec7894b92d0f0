// Line icons of 20 by 20, drawn with the text's colour. All are decoration: the text beside them, or
// the control's label, says what they mean.
import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="logo-dial" d="M5 22A11 11 0 0 1 20.2 11.8" />
      <path className="logo-redline" d="M23.8 14.2A11 11 0 0 1 27 22M16 22l-4.5-4.5" />
    </svg>
  );
}

export const LayersIcon = () => (
  <Icon>
    <path d="m10 3 7 3.8-7 3.8-7-3.8L10 3Zm-7 7.2 7 3.8 7-3.8M3 13.5l7 3.8 7-3.8" />
  </Icon>
);

export const GaugeIcon = () => (
  <Icon>
    <path d="M3.5 16V4M3.5 16h13M6.5 12.5l3-4 2.5 2 4-5.5" />
  </Icon>
);

export const FlaskIcon = () => (
  <Icon>
    <path d="M7.5 3h5M8.5 3v5L4 15.5c-.5.8 0 1.5 1 1.5h10c1 0 1.5-.7 1-1.5L11.5 8V3M6.5 12.5h7" />
  </Icon>
);

export const SlidersIcon = () => (
  <Icon>
    <path d="M5 3v6m0 4v4M10 3v2m0 4v8M15 3v8m0 4v2M3 11h4M8 7h4M13 13h4" />
  </Icon>
);

export const ServerIcon = () => (
  <Icon>
    <path d="M4 3.5h12v5H4zM4 11.5h12v5H4zM7 6h.01M7 14h.01" />
  </Icon>
);

export const ChatIcon = () => (
  <Icon>
    <path d="M3.5 4h13v9.5H9L5.5 16.5v-3h-2z" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <path d="M8 4H4v12h4M8.5 10H17m-3-3 3 3-3 3" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <path d="M7 7h9v9H7zM4 13V4h9" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m4 10.5 4 4 8-9" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M3 6h8m4 0h2M3 14h2m4 0h8M13 4v4M7 12v4" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M10 16V4m-5 5 5-5 5 5" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <path className="icon-solid" d="M5.5 5.5h9v9h-9z" />
  </Icon>
);

export const AgainIcon = () => (
  <Icon>
    <path d="M16 10a6 6 0 1 1-1.8-4.2M16 3.5V7h-3.5" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
