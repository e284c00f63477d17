/** The sheet's own style; it stands in a shadow root and takes nothing from the page. */
export const STYLE = `
*{box-sizing:border-box;margin:0}
.sheet{position:fixed;inset:auto 0 0 0;width:100%;max-width:560px;margin:0 auto;padding:8px 16px calc(16px + env(safe-area-inset-bottom,0px));
border:0;border-radius:16px 16px 0 0;background:#FFFFFF;color:#1D1916;color-scheme:light;
font:400 16px/24px -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Helvetica Neue",Arial,"PingFang SC","HarmonyOS Sans SC",MiSans,
"Noto Sans CJK SC","Microsoft YaHei",sans-serif;box-shadow:0 -8px 32px rgba(20,17,15,.16)}
.sheet::backdrop{background:rgba(20,17,15,.48)}
.head{display:flex;align-items:center;justify-content:space-between}
h2{font-size:18px;line-height:26px;font-weight:600}
button,.way{font:inherit;color:inherit;background:none;border:0;cursor:pointer;text-decoration:none}
.close{width:44px;height:44px;margin-right:-12px;font-size:24px;line-height:44px;color:#57504A}
.preview{display:flex;gap:12px;padding:12px;border-radius:12px;background:#F8F6F2}
.cover{width:72px;height:72px;flex:none;object-fit:cover;border-radius:8px}
.words{flex:1;min-width:0}
.text{display:block;width:100%;padding:8px;border:1px solid #8A8178;border-radius:8px;background:#FFFFFF;color:inherit;font:inherit;resize:none}
.url{display:block;margin-top:4px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:12px;line-height:16px;color:#57504A;user-select:all}
.ways{display:grid;grid-template-columns:repeat(auto-fill,minmax(144px,1fr));gap:8px;margin-top:16px}
.way{display:flex;align-items:center;justify-content:center;min-height:48px;padding:0 12px;border:1px solid #8A8178;border-radius:999px;text-align:center}
.way.is-main{grid-column:1/-1;border-color:transparent;background:#FFC940;color:#14110F;font-weight:600}
.way.is-main:active{background:#FFBC1F}
:focus-visible{outline:2px solid #1F5FA8;outline-offset:2px}
.said{min-height:24px;margin-top:12px;text-align:center;font-size:14px;line-height:20px;color:#57504A}
`
