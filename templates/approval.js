// The page of an approval: words that are marked in the text become the passage that is meant.
(function () {
  'use strict';
  var passage = document.getElementById('passage');
  if (!passage) return;
  document.addEventListener('selectionchange', function () {
    var marked = document.getSelection();
    var at = marked.anchorNode && marked.anchorNode.parentElement;
    if (!marked.isCollapsed && at && at.closest('.paragraphs')) passage.value = String(marked).trim().slice(0, 1000);
  });
}());
