// Before anything is drawn: the page may count on its scripts.
document.documentElement.classList.add("js");
