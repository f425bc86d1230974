/// What all processes of the model share: time, chance, and the network that is trained.
struct ModelWorld {
    let model: ModelNetwork
    var random: ModelRandom
    var now = 100.0
    var moved = 100.0
    var connections = 0
    var processes = 0
}
