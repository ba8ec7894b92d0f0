// A modal dialog: the browser's own, which traps the focus, closes on Escape and gives the focus back.
import { useId, useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';

import { useI18n } from '../i18n';
import { CloseIcon } from './icons';

interface DialogProps {
  title: string;
  shape: 'drawer' | 'box';
  onClose: () => void;
  children: ReactNode;
  footer: ReactNode;
}

export function Dialog({ title, shape, onClose, children, footer }: DialogProps) {
  const { t } = useI18n();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => element?.close();
  }, []);
  const closeOnBackdrop = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  const closedByBrowser = () => {
    if (!dialog.current?.open) onClose();
  };
  return (
    <dialog
      ref={dialog}
      className={`dialog dialog-${shape}`}
      aria-labelledby={titleId}
      onClose={closedByBrowser}
      onMouseDown={closeOnBackdrop}
    >
      <div className="dialog-content">
        <header className="dialog-header">
          <h2 id={titleId}>{title}</h2>
          <button className="icon-button" aria-label={t('app.close')} onClick={onClose}>
            <CloseIcon />
          </button>
        </header>
        <div className="dialog-body">{children}</div>
        <footer className="dialog-footer">{footer}</footer>
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  confirm: string;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog({ title, text, confirm, onConfirm, onClose }: ConfirmProps) {
  const { t } = useI18n();
  const accept = () => {
    onClose();
    onConfirm();
  };
  return (
    <Dialog
      title={title}
      shape="box"
      onClose={onClose}
      footer={
        <>
          <button className="button" data-autofocus onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button className="button button-danger" onClick={accept}>
            {confirm}
          </button>
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  );
}
