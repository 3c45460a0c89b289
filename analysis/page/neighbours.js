// The page of //eval:knn: images beside those that are nearest to them.

function neighbour(item, truth) {
  const name = make("span", {class: item.is === truth ? "right" : "wrong"}, item.is);
  const caption = make("figcaption", {}, name, ` ${item.cosine.toFixed(3)}`);
  return make("figure", {title: item.name}, picture(item.picture, `${item.name}, ${item.is}`), caption);
}

function query(item) {
  const isRight = item.is === item.prediction;
  const answer = make("span", {class: isRight ? "right" : "wrong"}, item.prediction);
  const caption = make("figcaption", {}, answer, ` ${percent(item.share)}`);
  if (!isRight) caption.append(make("br"), `is ${item.is}`);
  const shown = make("figure", {class: "query", title: item.name}, picture(item.picture, `${item.name}, ${item.is}`), caption);
  return make("div", {class: "nearest"}, shown, ...item.near.map((one) => neighbour(one, item.is)));
}

document.title = data.title;
document.querySelector("h1").textContent = data.title;
document.getElementById("lead").textContent = data.lead;
document.querySelector("main").append(make("p", {class: "quiet"},
    "First an image with the class that its neighbours vote for and their share of the votes, then the nearest of them, each with its class and cosine. File names are under the pointer."));
data.groups.forEach(({title, items}, index) => {
  if (items.length) section(`group${index}`, title, ...items.map(query));
});
