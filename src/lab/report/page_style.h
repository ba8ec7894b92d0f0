// The style sheet and the script of the page. Neither may hold `<` or `&`: they go in as they are.
//
// Series colours are Okabe and Ito's (2008), made for colour-blind readers, lighter on a dark
// ground; dashes tell lines apart where colours cannot.
#pragma once

namespace redline::lab {

inline constexpr char kPageStyle[] = R"(
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--text:#1c2430;--soft:#5b6675;
--edge:#dde2e9;--grid:#e8ebf0;--good:#0b6b4f;--good-ground:#e2f4ec;--bad:#a3240f;--bad-ground:#fdebe7;
--band:#7a869a;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b4558a;--c4:#b97f00;--c5:#2d8fc4;
--c6:#6b6b6b;--c7:#7a5c1e}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1a2029;--text:#e6eaf0;--soft:#9aa6b5;
--edge:#2d3643;--grid:#29313d;--good:#6fd7b0;--good-ground:#12332a;--bad:#ff9d8a;--bad-ground:#431d16;
--band:#93a0b4;--c0:#56b4e9;--c1:#ff8a3d;--c2:#2fc79a;--c3:#e6a3c8;--c4:#f0b93a;--c5:#9ad4f7;
--c6:#b5b5b5;--c7:#d3b36b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:20px;margin:40px 0 12px;overflow-wrap:anywhere}
h3{font-size:15px;margin:24px 0 8px}
p{margin:0 0 10px}
.soft,footer{color:var(--soft)}
footer{padding-top:24px;padding-bottom:40px;font-size:13px}
.banner{border-radius:8px;padding:12px 16px;margin:16px 0;border-left:5px solid}
.banner.good{background:var(--good-ground);border-color:var(--good)}
.banner.bad{background:var(--bad-ground);border-color:var(--bad)}
.banner strong{margin-right:8px}
.good strong{color:var(--good)}
.bad strong,td.bad{color:var(--bad)}
td.good{color:var(--good)}
td.good,td.bad{font-weight:600}
.banner ul{margin:6px 0 0;padding-left:20px;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(168px,1fr));gap:12px;margin:16px 0;
padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:10px 14px}
.tiles b{display:block;font-size:24px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
.tiles b span{font-size:13px;font-weight:400;color:var(--soft)}
.tiles small{display:block;color:var(--soft);font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:16px;
align-items:start;margin:12px 0}
figure{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:12px 14px;
min-width:0}
figcaption{font-weight:600;margin-bottom:6px}
figure svg{display:block;width:100%;height:auto}
svg text{font:12.5px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
fill:var(--soft);font-variant-numeric:tabular-nums}
svg .point,svg .group{fill:var(--text)}
svg .point{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
svg .group{font-weight:600}
.grid{stroke:var(--grid);stroke-width:1}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
.faint{stroke-width:1.3;stroke-opacity:.6}
.area{fill:var(--c);fill-opacity:.55;stroke:var(--c);stroke-width:1}
.bar{fill:var(--c)}
.mark{fill:var(--card);stroke:var(--c);stroke-width:2.5}
.whisker{fill:none;stroke:var(--text);stroke-width:1.6}
.band{fill:var(--band);fill-opacity:.16}
.strip{fill:var(--band);fill-opacity:0}
.strip:hover{fill-opacity:.25}
.s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}
.s4{--c:var(--c4)}.s5{--c:var(--c5)}.s6{--c:var(--c6)}.s7{--c:var(--c7)}
.line.s1{stroke-dasharray:7 3}.line.s2{stroke-dasharray:2 3}.line.s3{stroke-dasharray:9 3 2 3}
.line.s4{stroke-dasharray:12 4}.line.s5{stroke-dasharray:4 2}.line.s6{stroke-dasharray:6 3 2 3 2 3}
.line.s7{stroke-dasharray:1 2}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:6px 0 0;padding:0;list-style:none;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px;min-width:0;overflow-wrap:anywhere}
figure svg.swatch{width:26px;height:12px;flex:none}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--edge);border-radius:8px;
margin:12px 0;width:fit-content;max-width:100%}
.tables div{max-width:100%}
.tables{display:flex;flex-wrap:wrap;align-items:flex-start;gap:0 16px}
table{border-collapse:collapse;font-size:14px}
caption{text-align:left;font-weight:600;padding:10px 14px 4px}
th,td{padding:5px 14px;border-top:1px solid var(--grid);text-align:left;vertical-align:top}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:13px;vertical-align:bottom}
tbody th{font-weight:500;white-space:nowrap}
.numbers td,.numbers thead th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}
.numbers td{white-space:nowrap}
.words td{overflow-wrap:anywhere;min-width:140px}
th small,td small{display:block;color:var(--soft);font-weight:400;font-size:12px}
tbody th small{display:inline;margin-left:6px}
details{margin:12px 0}
summary{cursor:pointer;font-weight:600}
.code{position:relative;margin:8px 0 16px}
pre{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:12px 14px;
white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
.code button{position:absolute;top:6px;right:6px}
.code pre{padding-right:76px}
button{font:13px system-ui,sans-serif;color:var(--text);background:var(--ground);
border:1px solid var(--edge);border-radius:6px;padding:3px 10px;cursor:pointer}
@media (max-width:600px){main,header,footer{padding-left:12px;padding-right:12px}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.tiles b{font-size:20px}h1{font-size:22px}
th,td{padding:5px 9px}svg text{font-size:14.5px}}
@media print{.code button{display:none}figure,.scroll{break-inside:avoid}}
)";

// Puts the text of the block beside a button on the clipboard; from a file as well, where the
// clipboard's newer interface is refused.
inline constexpr char kPageScript[] = R"(
for (const button of document.querySelectorAll('.code button')) {
  button.hidden = false;
  button.addEventListener('click', async function() {
    const block = button.parentElement.querySelector('pre');
    try {
      await navigator.clipboard.writeText(block.textContent);
    } catch {
      getSelection().selectAllChildren(block);
      document.execCommand('copy');
    }
    button.textContent = 'Copied';
    setTimeout(function() { button.textContent = 'Copy'; }, 1500);
  });
}
)";

}  // namespace redline::lab
