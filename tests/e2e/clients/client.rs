// Connects to HOST:PORT: client HOST:PORT.
fn main() {
    let to = std::env::args().nth(1).unwrap();
    println!("{:?}", std::net::TcpStream::connect(to).map(|_| ()));
}
